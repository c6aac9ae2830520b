import { parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { nodeKind } from '../kinds/node.ts';
import { evictionTaint, readyStatus, zoneOf, type Node } from './node-health.ts';

/** Nodes given up per second: 0.1, and 0.01 in a large zone of which more than half is down. */
const evictionEveryMs = 10_000;
const partialEvictionEveryMs = 100_000;
const largeZone = 50;
const unhealthyThreshold = 0.55;

/** How a zone is: how often nodes in it may be given up. */
export interface ZoneHealth {
  readonly nodes: number;
  readonly unhealthy: number;
  /** When a node of the zone was last given up. */
  readonly lastEviction: Instant;
}

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
