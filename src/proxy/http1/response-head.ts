import { chunked, noBody, readFields, splitHead, untilClose, type Framing, type HeadFields } from './head-lines.ts';

/** The head of a response, as far as a proxy has to understand it. */
export interface ResponseHead {
  readonly status: number;
  readonly framing: Framing;
  /** The pod keeps the connection. */
  readonly keepAlive: boolean;
  /** For how long, if it says so. */
  readonly keepAliveSeconds: number | undefined;
  /** The head to send to the client, without the empty line: fields may be added. */
  readonly kept: string;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;

/** Reads the head of a response to `method`; undefined if it is none, or one whose end is a matter of opinion. */
export function parseResponseHead(text: string, method: string): ResponseHead | undefined {
  const lines = splitHead(text);
  const line = lines && statusLine.exec(lines[0]!);
  const fields = lines && readFields(lines);
  if (!line || fields === undefined || typeof fields === 'string') return undefined;
  const status = Number(line[2]);
  const framing = responseFraming(fields, status, method);
  if (framing === undefined) return undefined;
  const { kept, connection } = fields;
  const switching = status === 101 ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : '';
  return {
    status,
    framing,
    keepAlive: line[1] === '1' && !connection.includes('close') && framing.type !== 'until-close',
    keepAliveSeconds: fields.keepAliveSeconds,
    // The proxy's own version: what a pod speaks is between the two of them.
    kept: `HTTP/1.1 ${line[2]} ${line[3] ?? ''}\r\n${kept.length === 0 ? '' : `${kept.join('\r\n')}\r\n`}${switching}`,
  };
}

function responseFraming({ transferEncoding, contentLength }: HeadFields, status: number, method: string): Framing | undefined {
  if (transferEncoding !== undefined && contentLength !== undefined) return undefined;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return noBody;
  if (transferEncoding !== undefined) return /(^|[,\s])chunked$/.test(transferEncoding) ? chunked : untilClose;
  if (contentLength === undefined) return untilClose;
  return contentLength === 0 ? noBody : { type: 'length', bytes: contentLength };
}
