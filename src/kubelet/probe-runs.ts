import { formatTime } from '../api/time.ts';
import type { ContainerStatus } from '../api/generated/models.ts';
import type { PodContainer, PodContainers, StoredPod } from './pod-containers.ts';
import type { PodMemory } from './pod-memory.ts';
import { hasProbes, newProbeState, probeKey, probeKinds, probeOf } from './probe-state.ts';
import type { ProbeKind, ProbeState } from './probe-state.ts';

/** After a new report: probes begin for new runs of containers, and what belonged to runs that ended is forgotten. */
export function noteRuns(pod: StoredPod, containers: PodContainers, memory: PodMemory): void {
  if (memory.probes === undefined && memory.stopping === undefined && !anyProbes(containers)) return;
  const alive = new Set<string>();
  for (const container of [...containers.init, ...containers.main, ...containers.ephemeral]) {
    const { current, spec } = container;
    if (current?.state.state !== 'running') continue;
    alive.add(current.id);
    for (const kind of probeKinds) {
      const probe = probeOf(spec, kind);
      if (probe === undefined || container.type === 'init' || memory.probes?.has(probeKey(current.id, kind)) === true) continue;
      const state = newProbeState(kind, probe, current.state.startedAtMs, adoptedResult(pod, container, kind));
      (memory.probes ??= new Map()).set(probeKey(current.id, kind), state);
    }
  }
  for (const key of memory.probes?.keys() ?? []) if (!alive.has(key.slice(0, key.lastIndexOf('/')))) memory.probes!.delete(key);
  for (const id of memory.stopping?.keys() ?? []) if (!alive.has(id)) memory.stopping!.delete(id);
  if (memory.stopping?.size === 0) memory.stopping = undefined;
}

const anyProbes = ({ init, main }: PodContainers): boolean =>
  main.some(({ spec }) => hasProbes(spec)) || init.some(({ spec }) => hasProbes(spec));

/** What an earlier kubelet found out about this very run; it is in the pod's status. */
function adoptedResult(pod: StoredPod, { current, type, spec }: PodContainer, kind: ProbeKind): ProbeState['result'] | undefined {
  const statuses: readonly ContainerStatus[] | undefined =
    type === 'sidecar' ? pod.status?.initContainerStatuses : pod.status?.containerStatuses;
  const known = statuses?.find(({ name }) => name === spec.name);
  // By what it is, not by its id: that of a fork goes on with another runtime's.
  if (current?.state.state !== 'running' || known?.restartCount !== current.attempt) return undefined;
  if (known.state?.running?.startedAt !== formatTime(current.state.startedAtMs)) return undefined;
  if (kind === 'startup') return known.started === true ? 'success' : undefined;
  return kind === 'readiness' && known.ready ? 'success' : undefined;
}
