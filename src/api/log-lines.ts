import { StringDecoder } from 'node:string_decoder';
import type { LogChunk } from './streams.ts';

/** Output as lines of text, without their ends; what is left at the end is a line too. Streams are kept apart. */
export async function* logLines(chunks: AsyncIterable<LogChunk>): AsyncGenerator<string, void, undefined> {
  const decoders = new Map<string, { readonly decoder: StringDecoder; rest: string }>();
  for await (const { stream, data } of chunks) {
    let state = decoders.get(stream);
    if (state === undefined) decoders.set(stream, (state = { decoder: new StringDecoder('utf8'), rest: '' }));
    const lines = (state.rest + state.decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength))).split('\n');
    state.rest = lines.pop() ?? '';
    yield* lines.map((line) => line.replace(/\r$/, ''));
  }
  for (const { rest } of decoders.values()) if (rest !== '') yield rest;
}
