import type { Instant } from '../env/clock.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { durationText, restartAt } from './back-off.ts';
import type { PodAction, PodDecision, PodPicture } from './pod-actions.ts';
import { deadlineOf, earlier } from './pod-actions.ts';
import { endOf, isRunning, readySandbox, restarts } from './pod-containers.ts';
import type { PodContainer } from './pod-containers.ts';
import type { ContainerMemory } from './pod-memory.ts';
import { failedProbe, hasStarted, probeAt, probeKey, probeKinds, probeOf } from './probe-state.ts';
import { stopSteps } from './stop-steps.ts';

/** Gathers what is due; at most one container is being started at a time, as in a kubelet's pod worker. */
class Gathering {
  readonly actions: PodAction[] = [];
  wakeAt: Instant | undefined;
  startTaken: boolean;

  constructor(startTaken: boolean) {
    this.startTaken = startTaken;
  }

  wake(at: Instant | undefined): void {
    this.wakeAt = earlier(this.wakeAt, at);
  }
}

/** What is due for a pod that is to run. */
export function runningActions(picture: PodPicture): PodDecision {
  const { pod, memory, now, containers } = picture;
  const due = new Gathering(memory.starting !== undefined);
  due.wake(deadlineOf(pod, memory.seenAtMs));
  const sandbox = readySandbox(pod, picture.sandboxes);
  if (sandbox === undefined) {
    makeSandbox(picture, due);
    return { actions: due.actions, wakeAt: due.wakeAt };
  }
  if (!memory.volumesReady && (pod.spec?.volumes?.length ?? 0) > 0) {
    if (memory.makingSandbox) return { actions: [], wakeAt: due.wakeAt };
    if (memory.sandboxRetryAtMs > now) return { actions: [], wakeAt: earlier(due.wakeAt, memory.sandboxRetryAtMs) };
    return { actions: [{ type: 'prepare-volumes', sandbox }], wakeAt: due.wakeAt };
  }
  if (initialized(picture, sandbox, due)) {
    for (const container of containers.main) keep(picture, sandbox, container, due);
  }
  for (const container of containers.ephemeral) {
    if (container.current === undefined && container.lost === undefined) start(picture, sandbox, container, due);
  }
  probe(picture, due, now);
  tidy(picture, due);
  return { actions: due.actions, wakeAt: due.wakeAt };
}

function makeSandbox({ pod, sandboxes, containers, memory, now }: PodPicture, due: Gathering): void {
  if (memory.makingSandbox || memory.starting !== undefined) return;
  const newest = sandboxes[sandboxes.length - 1];
  const all = [...containers.init, ...containers.main];
  const haveRun = newest !== undefined && all.some(({ current, previous, lost }) => (current ?? previous ?? lost) !== undefined);
  if (haveRun && pod.spec?.restartPolicy === 'Never') return;
  if (!containers.main.some((each) => wantsStart(pod, each) || isRunning(each))) return;
  if (memory.sandboxRetryAtMs > now) {
    due.wake(memory.sandboxRetryAtMs);
    return;
  }
  due.actions.push({ type: 'make-sandbox', attempt: newest === undefined ? 0 : newest.attempt + 1, previous: newest?.id });
}

function wantsStart(pod: PodPicture['pod'], container: PodContainer): boolean {
  const end = endOf(container);
  return end === undefined || restarts(pod, container.type, end.exitCode);
}

/** Goes through the init containers in order; true once the main containers may run. */
function initialized(picture: PodPicture, sandbox: SandboxReport, due: Gathering): boolean {
  const { containers, memory } = picture;
  const { init, main } = containers;
  if (init.length === 0) return true;
  const begun = main.some(({ current }) => current?.sandboxId === sandbox.id);
  for (const container of init) {
    const sidecar = container.type === 'sidecar';
    // Once the main containers have begun only sidecars are kept up; finished init containers are history.
    if (begun && !sidecar) continue;
    if (!sidecar && endOf(container)?.exitCode === 0 && container.current !== undefined) continue;
    keep(picture, sandbox, container, due);
    if (begun || (sidecar && hasStarted(container, memory.probes) && memory.starting !== container.spec.name)) continue;
    return false;
  }
  return true;
}

/** Starts a container, restarts it when it is time, or stops one that must be restarted. */
function keep(picture: PodPicture, sandbox: SandboxReport, container: PodContainer, due: Gathering): void {
  const { pod, memory, now } = picture;
  if (!isRunning(container)) {
    if (container.type === 'init' && container.current === undefined) start(picture, sandbox, container, due);
    else if (wantsStart(pod, container)) start(picture, sandbox, container, due);
    return;
  }
  if (memory.starting === container.spec.name) return;
  const request = killRequest(picture, container);
  if (request === undefined) return;
  const graceMs = request.graceSeconds * 1000;
  const since = memory.stopping?.get(container.current!.id)?.sinceMs ?? now;
  const steps = stopSteps(picture, container, { deadline: since + graceMs, graceMs, itsTurn: true, message: request.message });
  due.actions.push(...steps.actions);
  due.wake(steps.wakeAt);
}

function killRequest(
  { pod, memory }: PodPicture,
  container: PodContainer,
): { readonly message: string; readonly graceSeconds: number } | undefined {
  const { spec, current } = container;
  const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? 30;
  if (spec.image !== undefined && current!.image !== spec.image) {
    return { message: `Container ${spec.name} definition changed, will be restarted`, graceSeconds };
  }
  const failed = failedProbe(container, memory.probes);
  if (failed !== undefined) {
    const again = restarts(pod, container.type, 137) ? ', will be restarted' : '';
    const own = probeOf(spec, failed)?.terminationGracePeriodSeconds;
    return { message: `Container ${spec.name} failed ${failed} probe${again}`, graceSeconds: own ?? graceSeconds };
  }
  // What was told to stop (its postStart hook failed) stays told.
  const told = memory.stopping?.get(current!.id);
  return told === undefined ? undefined : { message: told.message, graceSeconds };
}

function start(picture: PodPicture, sandbox: SandboxReport, container: PodContainer, due: Gathering): void {
  const { memory, now } = picture;
  // What is known of it is from before: it would be held back for the end it is just being started after.
  if (memory.starting === container.spec.name) return;
  const known = memory.containers?.get(container.spec.name);
  const heldUntil = Math.max(known?.retryAtMs ?? 0, backOffEnd(container, known));
  if (heldUntil > now) {
    due.wake(heldUntil);
    holdBack(picture, container, due);
    return;
  }
  if (due.startTaken) return;
  due.startTaken = true;
  due.actions.push({ type: 'start-container', container, sandbox });
}

/** When the crash loop back-off of an ended container is over. */
function backOffEnd(container: PodContainer, known: ContainerMemory | undefined): Instant {
  const endedAtMs = known?.failedAtMs ?? endOf(container)?.atMs;
  return endedAtMs === undefined ? 0 : restartAt(known?.restarts, endedAtMs);
}

/** Says why a container waits: its image cannot be pulled, or it keeps crashing. */
function holdBack({ pod, memory, now }: PodPicture, container: PodContainer, due: Gathering): void {
  const { spec } = container;
  const known = memory.containers?.get(spec.name);
  if (known === undefined) return;
  const shownUntil = errorShownUntil(known);
  if (shownUntil > now) return due.wake(shownUntil);
  if (known.waiting?.reason === 'ErrImagePull') {
    const message = `Back-off pulling image "${spec.image ?? ''}": ErrImagePull: ${known.waiting.message}`;
    due.actions.push({ type: 'hold-back', container, waiting: { reason: 'ImagePullBackOff', message } });
    return;
  }
  if (known.retryAtMs > now || known.restarts === undefined || known.waiting?.reason === 'CrashLoopBackOff') return;
  const { name, namespace, uid } = pod.metadata;
  const message = `back-off ${durationText(known.restarts.delayMs)} restarting failed container=${spec.name} pod=${name}_${namespace}(${uid})`;
  due.actions.push({ type: 'hold-back', container, waiting: { reason: 'CrashLoopBackOff', message } });
}

/** What went wrong is shown for so long before it gives way to the back-off. */
const errorShownMs = 2000;

function errorShownUntil({ waiting, pulls, failedAtMs }: ContainerMemory): Instant {
  if (waiting?.reason === 'ErrImagePull') return (pulls?.sinceMs ?? 0) + errorShownMs;
  const isStart = waiting?.reason === 'RunContainerError' || waiting?.reason === 'PostStartHookError';
  return isStart ? (failedAtMs ?? 0) + errorShownMs : 0;
}

function probe({ containers, memory }: PodPicture, due: Gathering, now: Instant): void {
  if (memory.probes === undefined) return;
  for (const container of [...containers.init, ...containers.main]) {
    const { current, spec } = container;
    if (current === undefined || !isRunning(container) || memory.starting === spec.name || memory.stopping?.has(current.id) === true)
      continue;
    const started = hasStarted(container, memory.probes);
    for (const kind of probeKinds) {
      const state = memory.probes.get(probeKey(current.id, kind));
      const at = state === undefined ? undefined : probeAt(state, started);
      if (at !== undefined && at <= now) due.actions.push({ type: 'probe', container, kind });
      else due.wake(at);
    }
  }
}

/** Keeps of each container the newest attempt and the one before it (for its log), and of sandboxes the same. */
function tidy({ sandboxes, containers, memory }: PodPicture, due: Gathering): void {
  for (const { id } of sandboxes.slice(0, -2)) {
    if (memory.busy?.has(id) !== true) due.actions.push({ type: 'remove-sandbox', id });
  }
  const newest = sandboxes[sandboxes.length - 1];
  if (newest === undefined || newest.containers.length < 3) return;
  const kept = new Set<string>();
  for (const { current, previous } of [...containers.init, ...containers.main, ...containers.ephemeral]) {
    if (current !== undefined) kept.add(current.id);
    if (previous !== undefined) kept.add(previous.id);
  }
  for (const { id, state } of newest.containers) {
    if (state.state === 'exited' && !kept.has(id) && memory.busy?.has(id) !== true) due.actions.push({ type: 'remove-container', id });
  }
}
