import type { LeaseManifest, NodeManifest, Taint } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { leaseKind } from '../kinds/lease.ts';

export type Node = Stored<NodeManifest>;

/** Milliseconds without a sign of life after which a node's state is unknown (Kubernetes 1.32 and later). */
export const defaultGracePeriodMs = 50_000;
export const leaseNamespace = 'kube-node-lease';
export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';
export const unschedulableTaint = 'node.kubernetes.io/unschedulable';
const zoneLabel = 'topology.kubernetes.io/zone';
const regionLabel = 'topology.kubernetes.io/region';

export const readyStatus = (node: Node): string =>
  node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown';

export const hasReadyCondition = (node: Node): boolean => node.status?.conditions?.some((condition) => condition.type === 'Ready') === true;

/** When the node last gave a sign of life. Time in which this process could not run is nobody's silence. */
export function lastSign(view: ViewReader, node: Node): Instant {
  const lease = view.get(leaseKind, leaseNamespace, node.metadata.name) as Stored<LeaseManifest> | undefined;
  const renewed = lease?.spec?.renewTime;
  const heartbeat = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastHeartbeatTime;
  const loop = view.table<Instant>('loop');
  return Math.max(
    parseTime(node.metadata.creationTimestamp),
    renewed === undefined ? 0 : parseTime(renewed),
    heartbeat === undefined || heartbeat === null || readyStatus(node) === 'Unknown' ? 0 : parseTime(heartbeat),
    loop.get('resumedAt') ?? 0,
    loop.get('startedAt') ?? 0,
  );
}

export const zoneOf = (node: Node): string => `${node.metadata.labels?.[regionLabel] ?? ''}:${node.metadata.labels?.[zoneLabel] ?? ''}`;

export const evictionTaint = (node: Node): Taint | undefined =>
  node.spec?.taints?.find((taint) => taint.effect === 'NoExecute' && (taint.key === notReadyTaint || taint.key === unreachableTaint));
