import { chunked, noBody, readFields, splitHead, type Framing, type HeadFields } from './head-lines.ts';

/** The head of a request, as far as a proxy has to understand it. */
export interface RequestHead {
  readonly method: string;
  /** True for HTTP/1.0: answered and closed. */
  readonly http10: boolean;
  readonly framing: Framing;
  /** The client wants the connection to stay. */
  readonly keepAlive: boolean;
  /** Asks for a WebSocket. */
  readonly webSocket: boolean;
  /** May be sent twice (RFC 9110, section 9.2.2). */
  readonly idempotent: boolean;
  /** The head to send to the pod, its end included. */
  readonly forwarded: string;
}

/** Why a request is refused. */
export interface HeadProblem {
  readonly status: 400 | 405 | 501 | 505;
  readonly reason: string;
}

const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)$/;
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Reads the head of a request, from its first byte to the empty line. Strict where leniency lets a client and a pod disagree about
 * where a request ends (request smuggling): both lengths, two lengths, an unknown coding, folded lines, bare line feeds are refused.
 */
export function parseRequestHead(text: string): RequestHead | HeadProblem {
  const lines = splitHead(text);
  if (lines === undefined) return bad('a control character in the head');
  const line = requestLine.exec(lines[0]!);
  if (line === null) return bad('not a request line');
  const [, method = '', target = '', major, minor] = line;
  if (major !== '1' || (minor !== '0' && minor !== '1')) return { status: 505, reason: `HTTP/${major}.${minor} is not spoken here` };
  if (method === 'CONNECT') return { status: 405, reason: 'CONNECT is not served' };
  const fields = readFields(lines);
  if (typeof fields === 'string') return bad(fields);
  const http10 = minor === '0';
  if (fields.hosts > 1 || (fields.hosts === 0 && !http10)) return bad('expected one Host header');
  const framing = requestFraming(fields, http10);
  if ('status' in framing) return framing;
  const { connection } = fields;
  const webSocket =
    method === 'GET' && !http10 && framing.type === 'none' && connection.includes('upgrade') && fields.upgrade === 'websocket';
  const added = webSocket ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : '';
  const kept = fields.kept.length === 0 ? '' : `${fields.kept.join('\r\n')}\r\n`;
  return {
    method,
    http10,
    framing,
    keepAlive: !http10 && !connection.includes('close'),
    webSocket,
    idempotent: idempotentMethods.has(method),
    forwarded: `${method} ${target} HTTP/1.${minor}\r\n${kept}${added}\r\n`,
  };
}

function requestFraming({ transferEncoding, contentLength }: HeadFields, http10: boolean): Framing | HeadProblem {
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return bad('both Content-Length and Transfer-Encoding');
    if (http10) return bad('Transfer-Encoding in an HTTP/1.0 request');
    return transferEncoding === 'chunked' ? chunked : { status: 501, reason: `Transfer-Encoding ${transferEncoding} is not known` };
  }
  return contentLength === undefined || contentLength === 0 ? noBody : { type: 'length', bytes: contentLength };
}

const bad = (reason: string): HeadProblem => ({ status: 400, reason });
