import type { PodSpec, Toleration } from '../api/generated/models.ts';
import type { QuantityCache } from '../api/quantity-cache.ts';
import type { HostPort } from './host-ports.ts';
import { podRequests, type Amounts } from './pod-resources.ts';
import type { ColumnAmounts, ResourceTable } from './resource-table.ts';

/**
 * What node by node decisions need to know of a pod. Pods that are alike in it share one object (see `PodInterner`), and what
 * was found out about it holds for all of them.
 */
export class PodShape {
  readonly id: number;
  /** What must be free. */
  readonly requests: Amounts;
  readonly columns: ColumnAmounts;
  /** What it counts as when nodes are scored: containers without requests as small ones. */
  readonly scoringRequests: Amounts;
  readonly scoringCpu: number;
  readonly scoringMemory: number;
  readonly hostPorts: readonly HostPort[];
  readonly nodeSelector: Readonly<Record<string, string>> | undefined;
  readonly nodeAffinity: NonNullable<PodSpec['affinity']>['nodeAffinity'];
  readonly tolerations: readonly Toleration[];
  /** Of containers and init containers, as written. */
  readonly images: readonly string[];

  constructor(id: number, spec: PodSpec, quantities: QuantityCache, table: ResourceTable) {
    this.id = id;
    this.requests = podRequests(spec, quantities, false);
    this.columns = table.columnAmounts(this.requests);
    this.scoringRequests = podRequests(spec, quantities, true);
    this.scoringCpu = this.scoringRequests.get('cpu') ?? 0;
    this.scoringMemory = this.scoringRequests.get('memory') ?? 0;
    this.hostPorts = hostPortsOf(spec);
    this.nodeSelector = spec.nodeSelector;
    this.nodeAffinity = spec.affinity?.nodeAffinity;
    this.tolerations = spec.tolerations ?? [];
    this.images = [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ image }) => (image === undefined ? [] : [image]));
  }
}

/** Of containers and of sidecars: plain init containers have ended when others would be in their way. */
function hostPortsOf(spec: PodSpec): readonly HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars].flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort === undefined || hostPort <= 0
        ? []
        : [{ ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP, protocol: protocol ?? 'TCP', port: hostPort }],
    ),
  );
}
