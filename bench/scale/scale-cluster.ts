import { Cluster, nodeKind, podKind, replicationControllerKind, serviceKind } from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';

/** How large a cluster is. As in the largest supported cluster of Kubernetes, there are 30 pods for each node. */
export interface ScaleSize {
  readonly nodes: number;
  readonly pods: number;
  readonly controllers: number;
}

/** 5,000 nodes: 150,000 pods of 500 ReplicationControllers; other sizes in proportion. */
export const sizeOf = (nodes: number): ScaleSize => ({ nodes, pods: 30 * nodes, controllers: Math.ceil(nodes / 10) });

const namespace = 'default';
/** Controllers whose pods one large Service takes together: 10,000 endpoints at full size. */
const groupOf = (controller: number, size: ScaleSize): string => `group-${Math.floor(controller / Math.ceil(size.controllers / 15))}`;

/**
 * A cluster on the machine's clock, its nodes ready, nothing on them. The kubelets are the real ones over a simulated runtime: they
 * register, renew leases, write node and pod statuses and record Events as on real nodes.
 */
export function scaleCluster(size: ScaleSize): Promise<Cluster> {
  return Cluster.create({
    seed: 1,
    nodes: Array.from({ length: size.nodes }, (_, i) => ({
      name: `node-${i}`,
      runtime: new SimulatedRuntime(),
      labels: { 'topology.kubernetes.io/zone': `zone-${i % 3}` },
    })),
  });
}

/** All ReplicationControllers at once. */
export async function createControllers(cluster: Cluster, size: ScaleSize): Promise<void> {
  const replicas = Math.floor(size.pods / size.controllers);
  for (let i = 0; i < size.controllers; i++) {
    const labels = { app: `web-${i}`, group: groupOf(i, size) };
    await cluster.client.create(replicationControllerKind, {
      metadata: { name: `web-${i}`, namespace },
      spec: {
        replicas,
        selector: { app: `web-${i}` },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '100m', memory: '200Mi' } } }] },
        },
      },
    });
  }
}

/** Two large Services over a fifteenth of all pods each. */
export async function createServices(cluster: Cluster): Promise<readonly string[]> {
  const names = ['group-0', 'group-1'];
  for (const name of names) {
    await cluster.client.create(serviceKind, {
      metadata: { name, namespace },
      spec: { selector: { group: name }, ports: [{ name: 'http', port: 80 }] },
    });
  }
  return names;
}

/** Follows how many pods run, so that asking costs nothing. */
export class RunningCount {
  #running = 0;
  #ready = 0;

  constructor(cluster: Cluster) {
    cluster.on('change', ({ kind, type, object, previous }) => {
      if (kind !== podKind) return;
      this.#running += Number(type !== 'deleted' && isRunning(object)) - Number(previous !== undefined && isRunning(previous));
    });
    cluster.on('change', ({ kind, type, object, previous }) => {
      if (kind !== nodeKind) return;
      this.#ready += Number(type !== 'deleted' && isReadyNode(object)) - Number(previous !== undefined && isReadyNode(previous));
    });
  }

  get running(): number {
    return this.#running;
  }

  /** Nodes that became ready, less those that ceased to be, since this was made. */
  get readyNodes(): number {
    return this.#ready;
  }
}

interface Observed {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: unknown;
}

function isRunning({ metadata, status }: Observed): boolean {
  return metadata.deletionTimestamp === undefined && (status as { readonly phase?: string } | undefined)?.phase === 'Running';
}

function isReadyNode({ status }: Observed): boolean {
  const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
