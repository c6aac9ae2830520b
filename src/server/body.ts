import type { IncomingMessage } from 'node:http';
import { parseJsonText, type JsonText } from '../api/json-text.ts';
import { ApiError, BadRequestError, ParseError } from '../errors.ts';

/** A request may carry so much, as in Kubernetes. */
const bytesMax = 3 * 1024 * 1024;
/** So much of a body is shown in a refusal. */
const shownMax = 30;

/** Reads a request's body whole; a larger one is refused as soon as it is too large. Rejects if the client goes away before its end. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  // Listeners and not an iterator, which costs as much as all the rest of reading a small body.
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > bytesMax) return reject(tooLarge());
    if (request.readableEnded) return resolve(Buffer.alloc(0));
    if (request.destroyed) return reject(goneEarly());
    const chunks: Buffer[] = [];
    let size = 0;
    let ended = false;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= bytesMax) return;
      request.off('data', onData).pause();
      reject(tooLarge());
    };
    request
      .on('data', onData)
      .once('end', () => ((ended = true), resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))))
      .on('error', reject)
      // Every request closes; an error, with its stack, is made only for those that did so too early.
      .once('close', () => ended || reject(goneEarly()));
  });
}

const goneEarly = (): Error => new Error('the client went away before the end of its request');

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
