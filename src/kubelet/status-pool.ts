import type { ContainerState, PodCondition, PodStatus } from '../api/generated/models.ts';

type Said = Pick<PodCondition, 'status' | 'reason' | 'message'>;

/** So many conditions of a type, and lists of them, are remembered: pods come up together. */
const recentMax = 8;
/** So many other parts are remembered before they are forgotten together. */
const pooledMax = 512;

/**
 * Parts of statuses that say the same are the same frozen object: the pods of a node that come up together differ in little, and
 * there may be hundreds of thousands of pods.
 */
export class StatusPool {
  readonly #conditions = new Map<string, PodCondition[]>();
  readonly #lists: (readonly PodCondition[])[] = [];
  readonly #running = new Map<string, ContainerState>();
  readonly #hostIps = new Map<string, NonNullable<PodStatus['hostIPs']>>();

  condition(type: string, { status, reason, message }: Said, lastTransitionTime: string): PodCondition {
    let recent = this.#conditions.get(type);
    if (recent === undefined) this.#conditions.set(type, (recent = []));
    for (const each of recent) {
      if (each.status === status && each.lastTransitionTime === lastTransitionTime && each.reason === reason && each.message === message)
        return each;
    }
    const made: PodCondition =
      reason === undefined
        ? { lastTransitionTime, status, type }
        : message === undefined
          ? { lastTransitionTime, reason, status, type }
          : { lastTransitionTime, message, reason, status, type };
    return remember(recent, Object.freeze(made));
  }

  /** The list of these conditions. Lists are the same if all their conditions are. */
  conditions(list: readonly PodCondition[]): readonly PodCondition[] {
    for (const known of this.#lists) if (known.length === list.length && known.every((each, i) => same(each, list[i]!))) return known;
    return remember(this.#lists, Object.freeze(list));
  }

  running(startedAt: string): ContainerState {
    return shared(this.#running, startedAt, () => ({ running: Object.freeze({ startedAt }) }));
  }

  hostIps(hostIp: string): NonNullable<PodStatus['hostIPs']> {
    return shared(this.#hostIps, hostIp, () => [Object.freeze({ ip: hostIp })]);
  }
}

function remember<T>(recent: T[], made: T): T {
  if (recent.length >= recentMax) recent.shift();
  recent.push(made);
  return made;
}

function shared<T>(pool: Map<string, T>, key: string, make: () => T): T {
  const known = pool.get(key);
  if (known !== undefined) return known;
  if (pool.size >= pooledMax) pool.clear();
  const made = Object.freeze(make());
  pool.set(key, made);
  return made;
}

function same(a: PodCondition, b: PodCondition): boolean {
  if (a === b) return true;
  return (
    a.type === b.type &&
    a.status === b.status &&
    a.lastTransitionTime === b.lastTransitionTime &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.lastProbeTime === b.lastProbeTime &&
    a.observedGeneration === b.observedGeneration &&
    Object.keys(a).length === Object.keys(b).length
  );
}
