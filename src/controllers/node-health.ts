import type { LeaseManifest, NodeManifest, Taint } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { leaseKind } from '../kinds/lease.ts';
import { nodeKind } from '../kinds/node.ts';

export type Node = Stored<NodeManifest>;

/** Milliseconds without a sign of life after which a node's state is unknown (Kubernetes 1.32 and later). */
export const gracePeriodMs = 50_000;
export const leaseNamespace = 'kube-node-lease';
export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';
export const unschedulableTaint = 'node.kubernetes.io/unschedulable';
const zoneLabel = 'topology.kubernetes.io/zone';
const regionLabel = 'topology.kubernetes.io/region';

/** Nodes given up per second: 0.1, and 0.01 in a large zone of which more than half is down. */
const evictionEveryMs = 10_000;
const partialEvictionEveryMs = 100_000;
const largeZone = 50;
const unhealthyThreshold = 0.55;

export const readyStatus = (node: Node): string =>
  node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown';

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

/** How a zone is: how often nodes in it may be given up. */
export interface ZoneHealth {
  readonly nodes: number;
  readonly unhealthy: number;
  /** When a node of the zone was last given up. */
  readonly lastEviction: Instant;
}

export const zoneOf = (node: Node): string => `${node.metadata.labels?.[regionLabel] ?? ''}:${node.metadata.labels?.[zoneLabel] ?? ''}`;

export const evictionTaint = (node: Node): Taint | undefined =>
  node.spec?.taints?.find((taint) => taint.effect === 'NoExecute' && (taint.key === notReadyTaint || taint.key === unreachableTaint));

/** The zones as one list of nodes shows them; remembered for that very list, so that a mass outage costs one count a write. */
export class Zones {
  readonly #known = new WeakMap<readonly Node[], ReadonlyMap<string, ZoneHealth>>();

  of(view: ViewReader): ReadonlyMap<string, ZoneHealth> {
    const nodes = view.list(nodeKind);
    const known = this.#known.get(nodes);
    if (known !== undefined) return known;
    const zones = new Map<string, { nodes: number; unhealthy: number; lastEviction: Instant }>();
    for (const node of nodes) {
      const key = zoneOf(node);
      let zone = zones.get(key);
      if (zone === undefined) zones.set(key, (zone = { nodes: 0, unhealthy: 0, lastEviction: 0 }));
      zone.nodes++;
      if (readyStatus(node) !== 'True') zone.unhealthy++;
      const added = evictionTaint(node)?.timeAdded;
      if (added !== undefined) zone.lastEviction = Math.max(zone.lastEviction, parseTime(added));
    }
    this.#known.set(nodes, zones);
    return zones;
  }

  /** When the node may be given up: an instant, now at the earliest, or undefined for "not as things stand". */
  evictionAt(view: ViewReader, node: Node, now: Instant): Instant | undefined {
    const zones = this.of(view);
    if ([...zones.values()].every((zone) => zone.unhealthy === zone.nodes)) return undefined;
    const zone = zones.get(zoneOf(node));
    if (zone === undefined) return now;
    const partial = zone.unhealthy > 2 && zone.unhealthy < zone.nodes && zone.unhealthy / zone.nodes >= unhealthyThreshold;
    if (partial && zone.nodes <= largeZone) return undefined;
    return Math.max(now, zone.lastEviction + (partial ? partialEvictionEveryMs : evictionEveryMs));
  }
}
