import { parseYaml } from '../api/yaml.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { Registry } from '../api/registry.ts';
import type { Clock } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { SecureRandom } from '../env/random.ts';
import { ApiServer } from './api-server.ts';
import { handleApiSubresource, type SubresourceEnv } from './api-subresources.ts';
import { TokenAuthenticator } from './token-authenticator.ts';

/** What a cluster lends to its server. */
export interface ServedCluster {
  readonly name: string;
  readonly registry: Registry;
  readonly kinds: KindIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secureRandom: SecureRandom;
  readonly evict: SubresourceEnv['evict'];
}

export interface ServeOptions {
  /** 127.0.0.1 unless given. */
  readonly host?: string;
  /** One that is free unless given. */
  readonly port?: number;
  /** The token of the cluster's administrator; a random one unless given. */
  readonly token?: string;
}

/** A server that runs. */
export interface ServerHandle extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

/** Serves a cluster's API over HTTP. */
export async function serve(cluster: ServedCluster, options: ServeOptions = {}): Promise<ServerHandle> {
  const token = options.token ?? Buffer.from(cluster.secureRandom.bytes(32)).toString('base64url');
  const server = new ApiServer({
    registry: cluster.registry,
    kinds: cluster.kinds,
    clock: cluster.clock,
    logger: cluster.logger,
    authenticators: [
      new TokenAuthenticator({ [token]: { name: 'system:admin', groups: ['system:masters', 'system:authenticated'], role: 'user' } }),
    ],
    authorize: () => true,
    subresources: (exchange, kind, path) =>
      handleApiSubresource({ registry: cluster.registry, evict: cluster.evict, parseYaml }, exchange, kind, path),
    upgrade: () => Promise.resolve(false),
    parseYaml,
    openapi: () => undefined,
    metrics: () => '',
    tls: undefined,
  });
  const { host, port } = await server.listen(options.host ?? '127.0.0.1', options.port ?? 0);
  const close = (): Promise<void> => server.close();
  return { url: `http://${host}:${port}`, token, close, [Symbol.asyncDispose]: close };
}
