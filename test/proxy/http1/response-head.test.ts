import { describe, expect, it } from 'vitest';
import { parseResponseHead } from '../../../src/proxy/http1/response-head.ts';

const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n');

describe('parseResponseHead', () => {
  it('passes on what it is given, but for what concerns one connection only', () => {
    const text = head('HTTP/1.1 200 Fine, thanks', 'Set-Cookie: a=1', 'Connection: keep-alive', 'Keep-Alive: timeout=7', 'Set-Cookie: b=2');
    expect(parseResponseHead(text, 'GET')).toEqual({
      status: 200,
      framing: { type: 'until-close' },
      keepAlive: false,
      keepAliveSeconds: 7,
      kept: 'HTTP/1.1 200 Fine, thanks\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n',
    });
  });

  it.each([
    ['GET', 'HTTP/1.1 200 OK', 'Content-Length: 3', { framing: { type: 'length', bytes: 3 }, keepAlive: true }],
    ['HEAD', 'HTTP/1.1 200 OK', 'Content-Length: 3', { framing: { type: 'none' }, keepAlive: true }],
    ['GET', 'HTTP/1.1 304 Not Modified', 'Content-Length: 3', { framing: { type: 'none' } }],
    ['GET', 'HTTP/1.1 204 No Content', 'X-A: b', { framing: { type: 'none' } }],
    ['GET', 'HTTP/1.1 100 Continue', 'X-A: b', { framing: { type: 'none' } }],
    ['GET', 'HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', { framing: { type: 'chunked' } }],
    ['GET', 'HTTP/1.1 200 OK', 'Transfer-Encoding: gzip', { framing: { type: 'until-close' }, keepAlive: false }],
    ['GET', 'HTTP/1.1 200 OK', 'Connection: Close', { keepAlive: false }],
    ['GET', 'HTTP/1.0 200 OK', 'Content-Length: 3', { keepAlive: false, kept: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n' }],
    ['GET', 'HTTP/1.1 200', 'Content-Length: 3', { status: 200 }],
    ['GET', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', { kept: expect.stringContaining('Upgrade: websocket\r\n') }],
  ])('understands the answer to %s: %s with %s', (method, line, field, expected) => {
    expect(parseResponseHead(head(line, field), method)).toMatchObject(expected);
  });

  it.each([
    ['no status line', 'HTTP/2 200', 'X-A: b'],
    ['a status of two digits', 'HTTP/1.1 20 OK', 'X-A: b'],
    ['both lengths', 'HTTP/1.1 200 OK', 'Content-Length: 3\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'HTTP/1.1 200 OK', 'Content-Length: 3\r\nContent-Length: 4'],
    ['a bare line feed', 'HTTP/1.1 200 OK', 'X-A: b\nX-B: c'],
    ['a line without a name', 'HTTP/1.1 200 OK', 'nothing'],
  ])('refuses %s', (_what, line, field) => {
    expect(parseResponseHead(head(line, field), 'GET')).toBeUndefined();
  });
});
