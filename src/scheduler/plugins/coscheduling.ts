import { ConfigurationError } from '../../errors.ts';
import type { Refusal, SchedulerPlugin, WaitingPods } from '../plugin.ts';
import type { PodGroup } from '../pod-group.ts';

const name = 'Coscheduling';
const groupLabel = 'pod-group.scheduling.sigs.k8s.io/name';
const minAvailableLabel = 'pod-group.scheduling.sigs.k8s.io/min-available';

export interface CoschedulingArgs {
  /** How long the first of a gang wait, holding their places, for the others: milliseconds; 60,000 unless given. */
  readonly waitMs?: number;
}

/**
 * Gangs: of the pods with the label `pod-group.scheduling.sigs.k8s.io/name: NAME` none is bound before as many as
 * `pod-group.scheduling.sigs.k8s.io/min-available` says have a place. If one finds none, or not in time, all of them give theirs up.
 * Put it after DefaultPreemption: where room is being made they wait.
 * Not among the defaults: add it to a profile.
 *
 * Source: https://github.com/kubernetes-sigs/scheduler-plugins/tree/master/kep/2-lightweight-coscheduling
 */
export function coscheduling({ waitMs = 60_000 }: CoschedulingArgs = {}): SchedulerPlugin {
  if (!(waitMs > 0)) throw new ConfigurationError(`${name}: waitMs: expected more than 0, got ${waitMs}`);
  return {
    name,
    preFilter: (pod, cache) => {
      const gang = gangOf(pod.group);
      if (gang === undefined) return { skip: true };
      // Those with a place, those that wait for one, and the pod itself, which is neither at the moment.
      const members = cache.count(gang.has) + cache.pending.count(gang.has) + 1;
      if (members >= gang.min) return { skip: true };
      return { refusal: refusal(`pod group ${gang.key} has ${members} of at least ${gang.min} pods`) };
    },
    permit: (pod, _node, _now, { cache, waiting }) => {
      const gang = gangOf(pod.group);
      if (gang === undefined) return undefined;
      // The pod itself is counted: it is assumed already.
      if (cache.count(gang.has) < gang.min) return { waitMs };
      for (const other of [...waiting]) if (gang.has(other.group)) waiting.allow(name, other.uid);
      return undefined;
    },
    postFilter: (pod, { cache, waiting }) => {
      const gang = gangOf(pod.group);
      if (gang === undefined || cache.count(gang.has) >= gang.min) return undefined;
      // Without this one the others cannot go on: rather than hold their places in vain they make room.
      release(gang, waiting, `pod group ${gang.key} has a member that fits nowhere`);
      return undefined;
    },
    unreserve: (pod, _node, { cache, waiting }) => {
      const gang = gangOf(pod.group);
      if (gang === undefined || cache.count(gang.has) > gang.min) return;
      release(gang, waiting, `pod group ${gang.key} lost a member that had a place`);
    },
    // What may help a member that fits nowhere may help all.
    isSchedulableAfter: (event, pod) => event.type !== 'pod-pending' || gangOf(pod.group)?.has(event.pod.group) === true,
  };
}

function release(gang: Gang, waiting: WaitingPods, reason: string): void {
  for (const other of [...waiting]) if (gang.has(other.group)) waiting.reject(other.uid, refusal(reason));
}

const refusal = (reason: string): Refusal => ({ plugin: name, reasons: [reason], resolvable: false });

interface Gang {
  readonly key: string;
  readonly min: number;
  readonly has: (group: PodGroup) => boolean;
}

function gangOf({ namespace, labels }: PodGroup): Gang | undefined {
  const gang = labels[groupLabel];
  const min = Number(labels[minAvailableLabel]);
  if (gang === undefined || !Number.isInteger(min) || min < 2) return undefined;
  return { key: `${namespace}/${gang}`, min, has: (other) => other.namespace === namespace && other.labels[groupLabel] === gang };
}
