import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestHead } from '../../../src/proxy/http1/request-head.ts';

const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n');

describe('parseRequestHead', () => {
  it('passes on what it is given, but for what concerns one connection only', () => {
    const text = head(
      'POST /a?b=c HTTP/1.1',
      'Host: web',
      'X-One: 1',
      'Connection: keep-alive, X-Private',
      'Keep-Alive: timeout=5',
      'x-private: me',
      'TE: trailers',
      'Proxy-Connection: keep-alive',
      'Content-Length: 3',
      'x-ONE:2',
    );
    expect(parseRequestHead(text)).toEqual({
      method: 'POST',
      http10: false,
      framing: { type: 'length', bytes: 3 },
      keepAlive: true,
      webSocket: false,
      idempotent: false,
      forwarded: head('POST /a?b=c HTTP/1.1', 'Host: web', 'X-One: 1', 'Content-Length: 3', 'x-ONE:2'),
    });
  });

  it('keeps an upgrade to WebSocket and drops every other', () => {
    const webSocket = head('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: WebSocket', 'Sec-WebSocket-Key: x');
    expect(parseRequestHead(webSocket)).toMatchObject({
      webSocket: true,
      forwarded: head('GET / HTTP/1.1', 'Host: a', 'Sec-WebSocket-Key: x', 'Connection: Upgrade', 'Upgrade: websocket'),
    });
    const h2c = head('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ');
    expect(parseRequestHead(h2c)).toMatchObject({ webSocket: false, forwarded: head('GET / HTTP/1.1', 'Host: a') });
  });

  it.each([
    ['GET / HTTP/1.1', 'Connection: close', { keepAlive: false }],
    ['GET / HTTP/1.0', 'Connection: keep-alive', { keepAlive: false, http10: true }],
    ['PUT / HTTP/1.1', 'Transfer-Encoding: Chunked', { framing: { type: 'chunked' }, idempotent: true }],
    ['GET / HTTP/1.1', 'Content-Length: 0', { framing: { type: 'none' }, idempotent: true }],
    ['GET http://web/x HTTP/1.1', 'X-Latin: \xe4', { idempotent: true }],
    ['PATCH / HTTP/1.1', 'X-Empty:', { idempotent: false }],
  ])('understands %s with %s', (line, field, expected) => {
    expect(parseRequestHead(head(line, 'Host: a', field))).toMatchObject(expected);
  });

  it.each([
    ['both lengths', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 3', 'Content-Length: 3'],
    ['a list of lengths', 'Content-Length: 3, 3'],
    ['a signed length', 'Content-Length: +3'],
    ['a hexadecimal length', 'Content-Length: 0x3'],
    ['an empty length', 'Content-Length:'],
    ['two codings', 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'],
    ['a blank before the colon', 'Transfer-Encoding : chunked'],
    ['a folded line', 'X-A: 1', ' Transfer-Encoding: chunked'],
    ['a name with a control character', 'Transfer\x0bEncoding: chunked'],
    ['a line without a colon', 'nothing'],
    ['an empty name', ': x'],
    ['a zero byte', 'X-A: \0'],
    ['a second host', 'Host: b'],
    ['a Connection that names the length', 'Content-Length: 3', 'Connection: Content-Length'],
    ['a bare line feed', 'X-A: 1\nTransfer-Encoding: chunked'],
    ['a bare carriage return', 'X-A: 1\rTransfer-Encoding: chunked'],
  ])('refuses %s', (_what, ...fields) => {
    expect(parseRequestHead(head('POST / HTTP/1.1', 'Host: a', ...fields))).toMatchObject({ status: 400 });
  });

  it.each([
    ['GET / HTTP/1.1', 400, []],
    ['GET /', 400, ['Host: a']],
    ['GET  / HTTP/1.1', 400, ['Host: a']],
    ['GET /a b HTTP/1.1', 400, ['Host: a']],
    [' GET / HTTP/1.1', 400, ['Host: a']],
    ['G(T / HTTP/1.1', 400, ['Host: a']],
    ['GET / HTTP/2.0', 505, ['Host: a']],
    ['GET / HTTP/1.2', 505, ['Host: a']],
    ['GET / http/1.1', 400, ['Host: a']],
    ['CONNECT a:80 HTTP/1.1', 405, ['Host: a']],
    ['POST / HTTP/1.1', 501, ['Host: a', 'Transfer-Encoding: gzip']],
    ['POST / HTTP/1.1', 501, ['Host: a', 'Transfer-Encoding: gzip, chunked']],
    ['POST / HTTP/1.1', 501, ['Host: a', 'Transfer-Encoding: xchunked']],
    ['POST / HTTP/1.0', 400, ['Transfer-Encoding: chunked']],
  ])('answers %s with %i', (line, status, fields) => {
    expect(parseRequestHead(head(line, ...fields))).toMatchObject({ status });
  });

  it('reads no body where Node reads one, nor the other way round', async () => {
    const piece = fc.constantFrom(
      'Content-Length: 5',
      'content-length:0',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: identity',
      'Transfer-Encoding:\tchunked ',
      'Connection: close',
      'Connection: content-length',
      'X-A: b',
      ' folded',
      'X-A : b',
      'Host: b',
      'Expect: 100-continue',
      'X-\u00e4: 1',
    );
    const line = fc.constantFrom('GET / HTTP/1.1', 'POST /x HTTP/1.1', 'DELETE /x HTTP/1.1', 'POST / HTTP/1.0', 'M-SEARCH * HTTP/1.1');
    await fc.assert(
      fc.asyncProperty(line, fc.array(piece, { maxLength: 4 }), async (first, pieces) => {
        const text = head(first, 'Host: a', ...pieces);
        const ours = parseRequestHead(text);
        if ('status' in ours) return;
        // What goes to the pod must be understood there as it was understood here.
        const theirs = await nodeReads(ours.forwarded);
        expect(theirs).toEqual({ method: ours.method, ...framingHeaders(ours.framing) });
      }),
      { numRuns: 400, seed: 7 },
    );
  });
});

const framingHeaders = (framing: { readonly type: string; readonly bytes?: number }): object => ({
  chunked: framing.type === 'chunked',
  length: framing.type === 'length' ? framing.bytes : 0,
});

/** What Node's own server makes of the bytes. */
function nodeReads(text: string): Promise<object> {
  const server = createServer({ requireHostHeader: false });
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  return new Promise((resolve) => {
    const read = (req: IncomingMessage): void =>
      resolve({
        method: req.method,
        chunked: req.headers['transfer-encoding'] !== undefined,
        length: Number(req.headers['content-length'] ?? 0),
      });
    server.on('request', read);
    server.on('checkContinue', read);
    server.on('clientError', (error) => resolve({ error: error.message }));
    server.emit('connection', socket);
    socket.push(Buffer.from(text, 'latin1'));
  });
}
