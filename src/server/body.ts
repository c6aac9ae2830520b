import type { IncomingMessage } from 'node:http';
import { parseJsonText, type JsonText } from '../api/json-text.ts';
import { ApiError, BadRequestError, ParseError } from '../errors.ts';

/** A request may carry so much, as in Kubernetes. */
const bytesMax = 3 * 1024 * 1024;
/** So much of a body is shown in a refusal. */
const shownMax = 30;

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

/** Parses JSON; throws a BadRequestError in the words of Go's decoder. */
export function parseJson(body: Buffer): JsonText {
  try {
    return parseJsonText(body.toString('utf8'));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new BadRequestError(error.message);
  }
}

function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const head = body.subarray(0, shownMax);
  return (body[0] === 0x7b ? head.toString('utf8') : head.toString('hex')) + (body.length > shownMax ? ' ...' : '');
}

/** The refusal of a body in which no object of the kind can be seen; the body's beginning stands in it. */
export function unrecognized(kind: string, detail: string, body: Buffer): BadRequestError {
  return new BadRequestError(`the object provided is unrecognized (must be of type ${kind}): ${detail} (${summary(body)})`);
}
