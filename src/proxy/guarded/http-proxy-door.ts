import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import util from 'node:util';
import type HttpProxyServer from 'http-proxy';

export type HttpProxy = HttpProxyServer;

/**
 * Loads http-proxy 1.18 and makes a proxy of it that does not have its faults. Each guard has a regression test:
 *
 * - its pass `deleteLength` is taken out: it sends a DELETE or OPTIONS with a chunked body on as `Content-Length: 0` and the bare body,
 *   which the pod takes for a second request;
 * - a client that goes away ends the request to the pod (on Node 20 and later it is told of `close`, not of `aborted`);
 * - a pod that dies in mid-body ends the response to the client;
 * - the path goes out as it came in: slashes are not merged, `.` and `..` not resolved.
 *
 * Loaded by `require` so that `util._extend`, whose use is deprecated (DEP0060), can be lent to it as `Object.assign` while it loads.
 */
export function openHttpProxy(): HttpProxy {
  const load = createRequire(import.meta.url);
  const extend: unknown = Reflect.get(util, '_extend');
  Reflect.set(util, '_extend', Object.assign);
  let module: typeof HttpProxyServer;
  try {
    module = load('http-proxy') as typeof HttpProxyServer;
  } finally {
    Reflect.set(util, '_extend', extend);
  }
  const proxy = new module({ toProxy: true });
  const passes = Reflect.get(proxy, 'webPasses') as readonly { readonly name: string }[];
  Reflect.set(
    proxy,
    'webPasses',
    passes.filter(({ name }) => name !== 'deleteLength'),
  );
  proxy.on('proxyReq', (proxyReq: ClientRequest, req: IncomingMessage, res: ServerResponse) => {
    if (proxyReq.path !== req.url && req.url !== undefined) proxyReq.path = req.url;
    res.once('close', () => {
      if (!res.writableFinished) proxyReq.destroy();
    });
  });
  proxy.on('proxyRes', (proxyRes: IncomingMessage, _req: IncomingMessage, res: ServerResponse) => {
    proxyRes.once('close', () => {
      if (!proxyRes.complete) res.destroy();
    });
  });
  return proxy;
}
