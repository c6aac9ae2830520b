import { parseTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { nodeKind } from '../kinds/node.ts';
import { evictionTaint, hasReadyCondition, readyStatus, zoneOf, type Node } from './node-health.ts';

/** Nodes given up per second: 0.1, and 0.01 in a large zone of which more than half is down. */
export const evictionEveryMs = 10_000;
const partialEvictionEveryMs = 100_000;
const largeZone = 50;
const unhealthyThreshold = 0.55;

/** How a zone is: how often nodes in it may be given up. */
export interface ZoneHealth {
  readonly nodes: number;
  readonly unhealthy: number;
  /** When a node of the zone was last given up. */
  readonly lastEviction: Instant;
  /** The nodes still to be given up, and how many are before each: those of one moment would else all go at once. */
  readonly waiting: ReadonlyMap<string, number>;
}

/** The zones as one list of nodes shows them; remembered for that very list, so that a mass outage costs one count a write. */
export class Zones {
  readonly #known = new WeakMap<readonly Node[], ReadonlyMap<string, ZoneHealth>>();

  of(view: ViewReader): ReadonlyMap<string, ZoneHealth> {
    const nodes = view.list(nodeKind);
    const known = this.#known.get(nodes);
    if (known !== undefined) return known;
    const zones = new Map<string, { nodes: number; unhealthy: number; lastEviction: Instant; waiting: Map<string, number> }>();
    for (const node of nodes) {
      const key = zoneOf(node);
      let zone = zones.get(key);
      if (zone === undefined) zones.set(key, (zone = { nodes: 0, unhealthy: 0, lastEviction: 0, waiting: new Map() }));
      zone.nodes++;
      const unhealthy = readyStatus(node) !== 'True';
      if (unhealthy) zone.unhealthy++;
      const given = evictionTaint(node);
      if (unhealthy && given === undefined && hasReadyCondition(node)) zone.waiting.set(node.metadata.name, zone.waiting.size);
      const added = given?.timeAdded;
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
    const everyMs = partial ? partialEvictionEveryMs : evictionEveryMs;
    return Math.max(now, zone.lastEviction + everyMs) + (zone.waiting.get(node.metadata.name) ?? 0) * everyMs;
  }
}
