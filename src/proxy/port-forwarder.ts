import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import type { PortForward } from '../api/streams.ts';
import { ConfigurationError } from '../errors.ts';

/** Listens on a port of this machine and leads each connection to what `connect` opens. */
export async function forwardPort(
  connect: () => Promise<Duplex>,
  options: { readonly localPort?: number; readonly host?: string } = {},
): Promise<PortForward> {
  const host = options.host ?? '127.0.0.1';
  const open = new Set<Duplex>();
  const keep = (stream: Duplex): void => {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
  };
  const server = createServer((socket: Socket) => {
    keep(socket);
    connect().then(
      (far) => {
        keep(far);
        pipeline(socket, far, () => far.destroy());
        pipeline(far, socket, () => socket.destroy());
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new ConfigurationError(`port ${options.localPort ?? 0} of ${host} cannot be forwarded: ${error.message}`, { cause: error })),
    );
    server.listen(options.localPort ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const stream of open) stream.destroy();
    }));
  return { host, port, url: `http://${host}:${port}`, close, [Symbol.asyncDispose]: close };
}
