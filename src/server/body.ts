import type { IncomingMessage } from 'node:http';
import { ApiError, BadRequestError } from '../errors.ts';

/** A request may carry so much, as in Kubernetes. */
const bytesMax = 3 * 1024 * 1024;

/** Reads a request's body whole; a larger one is refused as soon as it is too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

const tooLarge = (): ApiError =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`, undefined, { retryable: false });

/** Parses a JSON object. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new BadRequestError(`the object provided is unrecognized (must be of type json or yaml): ${(error as Error).message}`);
  }
}
