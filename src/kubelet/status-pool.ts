import type { ContainerState, PodCondition, PodStatus } from '../api/generated/models.ts';

type Said = Pick<PodCondition, 'status' | 'reason' | 'message'>;

/** So many conditions of a type, and lists of them, are remembered, the newest first: pods come up together. */
const recentMax = 32;
/** So many other parts are remembered before they are forgotten together. */
const pooledMax = 512;

/**
 * Parts of statuses that say the same are the same frozen object: pods that come up together differ in little, and
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
    for (let i = recent.length - 1; i >= 0; i--) {
      const each = recent[i]!;
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
    for (let i = this.#lists.length - 1; i >= 0; i--) if (sameLists(this.#lists[i]!, list)) return this.#lists[i]!;
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

function sameLists(a: readonly PodCondition[], b: readonly PodCondition[]): boolean {
  if (a.length !== b.length) return false;
  // The last ones differ, if any: a Pod is scheduled before it is ready.
  for (let i = a.length - 1; i >= 0; i--) if (!same(a[i]!, b[i]!)) return false;
  return true;
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
