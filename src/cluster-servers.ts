import type { Eviction } from './admission/eviction.ts';
import type { KindIndex } from './api/kind-index.ts';
import type { Registry } from './api/registry.ts';
import type { SchemaTable } from './api/schema.ts';
import type { View } from './api/view.ts';
import { closeEach } from './cluster-closing.ts';
import type { ClusterNodes } from './cluster-nodes.ts';
import type { Clock } from './env/clock.ts';
import type { Logger } from './env/logger.ts';
import { SystemSecureRandom } from './env/system-secure-random.ts';
import { ClosedError } from './errors.ts';
import type { TokenSource } from './kubelet/kubelet-parts.ts';
import type { ClusterTrust } from './server/auth/cluster-trust.ts';
import type { ServeOptions, ServerHandle } from './server/serve-options.ts';

export interface ClusterServersParts {
  readonly name: string;
  readonly registry: Registry;
  readonly view: View;
  readonly kinds: KindIndex;
  readonly schema: SchemaTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodes: () => ClusterNodes;
  readonly eviction: Eviction;
}

/** The HTTP servers of a cluster, and the keys and tokens that they and the Pods of its nodes are trusted by. */
export class ClusterServers {
  /** Issues what projected volumes ask for. */
  readonly tokens: TokenSource = { issue: async (order) => (await this.#trusted()).issueForPod(order) };
  readonly #parts: ClusterServersParts;
  readonly #servers = new Set<ServerHandle>();
  #trust: Promise<ClusterTrust> | undefined;
  #closed = false;

  constructor(parts: ClusterServersParts) {
    this.#parts = parts;
  }

  /** Starts one. Rejects with `ClosedError` once `close()` was called, also while it starts. */
  async serve(options: ServeOptions): Promise<ServerHandle> {
    if (this.#closed) throw new ClosedError('the cluster');
    const { name, registry, view, kinds, schema, clock, logger, nodes, eviction } = this.#parts;
    const { serve } = await import('./server/serve.ts');
    const handle = await serve(
      {
        name,
        registry,
        view,
        kinds,
        schema,
        clock,
        logger,
        secureRandom: new SystemSecureRandom(),
        streams: nodes(),
        usage: nodes(),
        ...(await this.#trusted()),
        evict: (at, evicted) => eviction.evict(at, evicted),
      },
      options,
    );
    this.#servers.add(handle);
    if (!this.#closed) return handle;
    await handle.close();
    throw new ClosedError('the cluster');
  }

  close(): Promise<void> {
    this.#closed = true;
    return closeEach([...this.#servers].map((server) => () => server.close()));
  }

  /** Neither made, nor its code loaded, before somebody needs it. */
  #trusted(): Promise<ClusterTrust> {
    const { name, registry, clock } = this.#parts;
    return (this.#trust ??= import('./server/auth/cluster-trust.ts').then(({ clusterTrust }) =>
      clusterTrust({ name, registry, clock, secureRandom: new SystemSecureRandom() }),
    ));
  }
}
