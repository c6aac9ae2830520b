/**
 * Output in the form container runtimes keep it: a line of the log file for each line of output, with the time, the stream, and `F` if
 * the line is complete or `P` if more of it follows. Bytes are kept as they are. Self-contained: its text is also part of the shim.
 *
 * Source: https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
 */
export function logLines(time: string, stream: string, data: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length;) {
    const end = data.indexOf(10, at);
    const isFull = end >= 0;
    parts.push(Buffer.from(`${time} ${stream} ${isFull ? 'F' : 'P'} `), data.subarray(at, isFull ? end : data.length), Buffer.from('\n'));
    at = isFull ? end + 1 : data.length;
  }
  return Buffer.concat(parts);
}

/** A line of a log file, taken apart. */
export interface LogLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly isFull: boolean;
  readonly content: Buffer;
}

/** Reads a line of a log file, without its end; undefined if it is none (the machine may have crashed while it was written). */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const timeEnd = line.indexOf(32);
  const streamEnd = line.indexOf(32, timeEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || line.length < streamEnd + 3) return undefined;
  const stream = line.toString('latin1', timeEnd + 1, streamEnd);
  const tag = line[streamEnd + 1];
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 70 && tag !== 80)) return undefined;
  return { time: line.toString('latin1', 0, timeEnd), stream, isFull: tag === 70, content: line.subarray(streamEnd + 3) };
}
