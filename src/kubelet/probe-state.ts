import type { Container, Probe } from '../api/generated/models.ts';
import type { Instant } from '../env/clock.ts';
import type { ProbeHandler } from '../runtimes/runtime.ts';
import type { PodContainer } from './pod-containers.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** Where one probe of one run of a container stands. */
export interface ProbeState {
  readonly kind: ProbeKind;
  /** What the kubelet goes by: changes only when a threshold is reached. */
  readonly result: 'success' | 'failure' | 'unknown';
  /** The last answer and how often in a row it was given. */
  readonly last: 'success' | 'failure' | undefined;
  readonly run: number;
  readonly nextAtMs: Instant;
  /** No more probes of this run: it has started, or it is to be restarted. */
  readonly onHold: boolean;
  readonly inFlight: boolean;
}

export const probeKinds: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];

export const probeKey = (containerId: string, kind: ProbeKind): string => `${containerId}/${kind}`;

export function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  if (kind === 'startup') return container.startupProbe;
  return kind === 'liveness' ? container.livenessProbe : container.readinessProbe;
}

export const hasProbes = (container: Container): boolean =>
  container.readinessProbe !== undefined || container.livenessProbe !== undefined || container.startupProbe !== undefined;

/** A run that has just begun. `result` is given for one that was adopted: an adopted pod that was ready stays so. */
export function newProbeState(kind: ProbeKind, probe: Probe, startedAtMs: Instant, result?: ProbeState['result']): ProbeState {
  const initial = kind === 'liveness' ? 'success' : kind === 'readiness' ? 'failure' : 'unknown';
  const onHold = kind === 'startup' && result === 'success';
  const nextAtMs = startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000;
  return { kind, result: result ?? initial, last: undefined, run: 0, nextAtMs, onHold, inFlight: false };
}

/** When the probe is to be made; undefined while it rests. Liveness and readiness rest until the container has started. */
export function probeAt(state: ProbeState, started: boolean): Instant | undefined {
  if (state.onHold || state.inFlight || (state.kind !== 'startup' && !started)) return undefined;
  return state.nextAtMs;
}

/**
 * The state after an answer at `now`. An error (the probe could not be made) counts as nothing.
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
 */
export function afterProbe(state: ProbeState, probe: Probe, outcome: 'success' | 'failure' | 'error', now: Instant): ProbeState {
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const run = state.last === outcome ? state.run + 1 : 1;
  const early = outcome === 'failure' ? earlyProbeMs(state, run) : undefined;
  const nextAtMs = early === undefined ? Math.max(state.nextAtMs + periodMs, now) : now + Math.min(early, periodMs);
  if (outcome === 'error') return { ...state, inFlight: false, nextAtMs };
  const threshold = outcome === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
  const next: ProbeState = { ...state, inFlight: false, nextAtMs, last: outcome, run };
  if (run < threshold) return next;
  const over = (state.kind === 'startup' && outcome === 'success') || (state.kind !== 'readiness' && outcome === 'failure');
  return { ...next, result: outcome, onHold: over };
}

const earlyProbesMax = 5;

/**
 * How soon a container that is not ready is asked again, out of turn, after so many failures in a row: what has just begun to listen
 * should not wait a whole period for its first request. Undefined when the ordinary period holds.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/ (`periodSeconds` of readiness probes)
 */
export function earlyProbeMs({ kind, result }: ProbeState, run: number): number | undefined {
  if (kind !== 'readiness' || result === 'success' || run > earlyProbesMax) return undefined;
  return 50 * 2 ** (run - 1);
}

/** True once nothing holds a running container back: no startup probe, or it has succeeded. */
export function hasStarted(container: PodContainer, probes: ReadonlyMap<string, ProbeState> | undefined): boolean {
  const { current, spec } = container;
  if (current?.state.state !== 'running') return false;
  return spec.startupProbe === undefined || probes?.get(probeKey(current.id, 'startup'))?.result === 'success';
}

export function isReady(container: PodContainer, probes: ReadonlyMap<string, ProbeState> | undefined): boolean {
  if (!hasStarted(container, probes)) return false;
  return container.spec.readinessProbe === undefined || probes?.get(probeKey(container.current!.id, 'readiness'))?.result === 'success';
}

/** The probe that says a running container must be restarted. */
export function failedProbe(
  container: PodContainer,
  probes: ReadonlyMap<string, ProbeState> | undefined,
): 'liveness' | 'startup' | undefined {
  const id = container.current?.id;
  if (id === undefined || probes === undefined) return undefined;
  if (probes.get(probeKey(id, 'liveness'))?.result === 'failure') return 'liveness';
  return probes.get(probeKey(id, 'startup'))?.result === 'failure' ? 'startup' : undefined;
}

/** A handler (of a probe or hook) with its named port looked up in the container; a message if there is no such port. */
export function withNumericPort<H extends Omit<ProbeHandler, 'grpc'>>(handler: H, container: Container): H | string {
  const port = handler.httpGet?.port ?? handler.tcpSocket?.port;
  if (typeof port !== 'string') return handler;
  const named = container.ports?.find((each) => each.name === port)?.containerPort;
  const number = named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
  if (number === undefined) return `couldn't find port: "${port}" in container "${container.name}"`;
  if (handler.httpGet !== undefined) return { ...handler, httpGet: { ...handler.httpGet, port: number } };
  return { ...handler, tcpSocket: { ...handler.tcpSocket, port: number } };
}
