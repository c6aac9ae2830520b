import { parseRequestHead } from './http1/request-head.ts';

/** What the first bytes of a client say: HTTP/1, something else, or too little yet. */
export type Sniffed = 'http' | 'other' | 'more';

const methods = ['GET ', 'HEAD ', 'POST ', 'PUT ', 'DELETE ', 'OPTIONS ', 'PATCH ', 'TRACE '];
const maxHead = 65_536;

/**
 * Looks whether a connection begins with a request that can be balanced by itself. In doubt it says `other`: then bytes are passed on as
 * they are, which is never wrong.
 */
export function sniff(bytes: Buffer): Sniffed {
  const start = bytes.toString('latin1', 0, 8);
  if (!methods.some((method) => (start.length < method.length ? method.startsWith(start) : start.startsWith(method)))) return 'other';
  const lineEnd = bytes.indexOf('\n', 0, 'latin1');
  if (lineEnd >= 0 && !/ HTTP\/1\.[01]\r$/.test(bytes.toString('latin1', 0, lineEnd))) return 'other';
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1') + 4;
  if (end < 4) return bytes.length > maxHead ? 'other' : 'more';
  const text = bytes.toString('latin1', 0, end);
  const head = parseRequestHead(text);
  if ('reason' in head) return 'other';
  // An upgrade to something that is no WebSocket (h2c, a raw stream) is between the client and one pod.
  return !head.webSocket && /\r\nupgrade[ \t]*:/i.test(text) ? 'other' : 'http';
}
