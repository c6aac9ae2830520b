import type { ContainerState, ContainerStatus, PodSpec, PodStatus } from '../../api/generated/models.ts';
import type { StoredMeta } from '../../api/object.ts';

/** What is looked at of a pod. */
export interface PodPicture {
  readonly metadata: StoredMeta;
  readonly spec?: PodSpec;
  readonly status?: PodStatus;
}

/** What one line of `kubectl get pods` says. */
export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  /** `Running`, `CrashLoopBackOff`, `Init:1/2`, `Terminating`: more than the phase. */
  readonly text: string;
  readonly restarts: number;
  /** When a container last ended before its present run. */
  readonly lastRestart: string | undefined;
}

function endText(ended: NonNullable<ContainerState['terminated']>): string {
  if ((ended.reason ?? '') !== '') return ended.reason!;
  return (ended.signal ?? 0) === 0 ? `ExitCode:${ended.exitCode}` : `Signal:${ended.signal}`;
}

/** Counts restarts, and when the last one was. */
class Restarts {
  count = 0;
  last: string | undefined;

  add(status: ContainerStatus): void {
    this.count += status.restartCount ?? 0;
    const ended = status.lastState?.terminated?.finishedAt ?? '';
    if (ended !== '' && (this.last === undefined || Date.parse(ended) > Date.parse(this.last))) this.last = ended;
  }
}

interface InitSummary {
  readonly restarts: Restarts;
  readonly sidecarRestarts: Restarts;
  readonly readySidecars: number;
  /** Undefined once nothing has to be waited for. */
  readonly text: string | undefined;
}

function summarizeInit(spec: PodSpec, status: PodStatus, sidecars: ReadonlySet<string>): InitSummary {
  const restarts = new Restarts();
  const sidecarRestarts = new Restarts();
  let readySidecars = 0;
  for (const [i, container] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(container.name);
    restarts.add(container);
    if (sidecar) sidecarRestarts.add(container);
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) readySidecars++;
      continue;
    }
    const common = { restarts, sidecarRestarts, readySidecars };
    if (terminated !== undefined) return { ...common, text: `Init:${endText(terminated)}` };
    const reason = waiting?.reason ?? '';
    if (reason !== '' && reason !== 'PodInitializing') return { ...common, text: `Init:${reason}` };
    return { ...common, text: `Init:${i}/${spec.initContainers?.length ?? 0}` };
  }
  return { restarts, sidecarRestarts, readySidecars, text: undefined };
}

function conditionIsTrue(status: PodStatus, type: string): boolean {
  return status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function firstText(status: PodStatus): string {
  const gated =
    status.conditions?.some((condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated') === true;
  if (gated) return 'SchedulingGated';
  return (status.reason ?? '') === '' ? (status.phase ?? '') : status.reason!;
}

/** Sums up a pod the way `kubectl get pods` does. */
export function summarizePod(pod: PodPicture): PodSummary {
  const spec: PodSpec = pod.spec ?? { containers: [] };
  const status = pod.status ?? {};
  const sidecars = new Set((spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always').map((each) => each.name));
  const init = summarizeInit(spec, status, sidecars);
  let text = init.text ?? firstText(status);
  let restarts = init.restarts;
  let ready = init.readySidecars;
  if (init.text === undefined || conditionIsTrue(status, 'Initialized')) {
    restarts = init.sidecarRestarts;
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts.add(container);
      const { terminated, waiting, running: runs } = container.state ?? {};
      if ((waiting?.reason ?? '') !== '') text = waiting!.reason!;
      else if (terminated !== undefined) text = endText(terminated);
      else if (container.ready && runs !== undefined) {
        running = true;
        ready++;
      }
    }
    if (text === 'Completed' && running) text = conditionIsTrue(status, 'Ready') ? 'Running' : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') text = 'Unknown';
    else if (status.phase !== 'Failed' && status.phase !== 'Succeeded') text = 'Terminating';
  }
  return { ready, total: spec.containers.length + sidecars.size, text, restarts: restarts.count, lastRestart: restarts.last };
}
