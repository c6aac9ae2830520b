import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Opens a WebSocket by hand: clients of npm refuse the name of Kubernetes' tunnel, which has a slash, and send no broken frames. Rejects
 * with what the server said if it did not agree to the protocol.
 */
export function openWebSocket(
  url: URL,
  { path, protocol, token }: { readonly path: string; readonly protocol: string; readonly token: string },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: url.hostname,
      port: url.port,
      path,
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.from('sixteen bytes...').toString('base64'),
        'sec-websocket-protocol': protocol,
      },
    });
    request.once('error', reject);
    request.once('response', (response) => reject(new Error(`the server answered ${response.statusCode}`)));
    request.once('upgrade', (response, socket: Socket, head) => {
      if (head.length > 0) socket.unshift(head);
      if (response.headers['sec-websocket-protocol'] === protocol) resolve(socket);
      else reject(new Error(`the server agreed to ${response.headers['sec-websocket-protocol']}`));
    });
    request.end();
  });
}

/** A frame as a client sends it: masked, with a mask of zeros. `opcode` 2: binary, 8: close. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length])
      : Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}
