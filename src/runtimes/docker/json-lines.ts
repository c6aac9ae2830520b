import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/**
 * The JSON objects of a stream, one a line; what is none is left out. Rejects if the stream is cut: an interface of `node:readline`
 * would wait for ever.
 */
export async function* jsonLines<T>(source: Readable): AsyncGenerator<T, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield* parsed<T>(line);
  }
  yield* parsed<T>(rest);
}

function* parsed<T>(line: string): Generator<T> {
  let value: T;
  try {
    value = JSON.parse(line) as T;
  } catch {
    // Half a line, or something else: the next one counts.
    return;
  }
  yield value;
}
