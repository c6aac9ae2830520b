import type { ContainerStatus, PodCondition } from '../api/generated/models.ts';
import type { StoredPod } from './pod-containers.ts';
import type { StatusPool } from './status-pool.ts';

export interface ConditionInput {
  readonly pod: StoredPod;
  readonly phase: string;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** The sandbox is there and has its address. */
  readonly sandboxReady: boolean;
  /** What the runtime thinks the user should know. */
  readonly notices: readonly { readonly reason: string; readonly message: string }[];
  /** `lastTransitionTime` of what changes now. */
  readonly now: string;
  /** Where conditions that say the same become one. */
  readonly pool: StatusPool;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const yes: Verdict = Object.freeze({ status: 'True' });
const no: Verdict = Object.freeze({ status: 'False' });
const completed: Verdict = Object.freeze({ status: 'False', reason: 'PodCompleted' });
const failed: Verdict = Object.freeze({ status: 'False', reason: 'PodFailed' });

/** Only there while the runtime has something to say: a program that listens where it would block others, and the like. */
const noticeType = 'coxswain.dev/Notice';

/** The conditions a kubelet owns; those of others stay as they are. */
const owned: readonly string[] = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', noticeType];

/**
 * The pod's conditions: those of others first, then the kubelet's in Kubernetes' order. A condition that says the same as before
 * is the same object.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
 */
export function podConditions(input: ConditionInput): readonly PodCondition[] {
  const { pod, now, pool } = input;
  const known = pod.status?.conditions ?? [];
  const others = known.some(isForeign) ? known.filter(isForeign) : none;
  const ready = containersReady(input);
  const gated = ready.status === 'True' ? readinessGates(pod, others) : ready;
  const own = [
    condition(pool, known, 'PodReadyToStartContainers', input.sandboxReady ? yes : no, now),
    condition(pool, known, 'Initialized', initializedVerdict(input), now),
    condition(pool, known, 'Ready', gated, now),
    condition(pool, known, 'ContainersReady', ready, now),
    condition(pool, known, 'PodScheduled', yes, now),
  ];
  const [notice] = input.notices;
  if (notice !== undefined) {
    const message = input.notices.map((each) => each.message).join('; ');
    own.push(condition(pool, known, noticeType, { status: 'True', reason: notice.reason, message }, now));
  }
  return others.length === 0 ? pool.conditions(own) : [...others, ...own];
}

const none: readonly PodCondition[] = [];
const isForeign = ({ type }: PodCondition): boolean => !owned.includes(type);

function condition(pool: StatusPool, known: readonly PodCondition[], type: string, verdict: Verdict, now: string): PodCondition {
  const old = known.find((each) => each.type === type);
  if (old !== undefined && old.status === verdict.status && old.reason === verdict.reason && old.message === verdict.message) return old;
  const lastTransitionTime = (old?.status === verdict.status ? old.lastTransitionTime : undefined) ?? now;
  return pool.condition(type, verdict, lastTransitionTime);
}

const list = (names: readonly string[]): string => `[${names.join(' ')}]`;

function containersReady({ pod, phase, init, main }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return completed;
  if (phase === 'Failed') return failed;
  const unready: string[] = [];
  init.forEach((status, i) => {
    if (pod.spec?.initContainers?.[i]?.restartPolicy === 'Always' && !status.ready) unready.push(status.name);
  });
  for (const { name, ready } of main) if (!ready) unready.push(name);
  if (unready.length === 0) return yes;
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: ${list(unready)}` };
}

function initializedVerdict({ pod, phase, init, main }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (init.length === 0 || main.some(hasBegun)) return yes;
  const incomplete = init.filter((status, i) =>
    pod.spec?.initContainers?.[i]?.restartPolicy === 'Always' ? status.started !== true : !status.ready,
  );
  if (incomplete.length === 0) return yes;
  const names = list(incomplete.map(({ name }) => name));
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${names}` };
}

/** Once a main container has been started the pod was initialized; a restarting sidecar does not undo that. */
const hasBegun = ({ started, state, lastState }: ContainerStatus): boolean =>
  started === true || state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined;

function readinessGates(pod: StoredPod, others: readonly PodCondition[]): Verdict {
  const gates = pod.spec?.readinessGates;
  if (gates === undefined || gates.length === 0) return yes;
  const messages: string[] = [];
  for (const { conditionType } of gates) {
    const found = others.find(({ type }) => type === conditionType);
    if (found === undefined) messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (found.status !== 'True')
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`);
  }
  return messages.length === 0 ? yes : { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}
