import { ClosedError, RuntimeError } from '../errors.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { PodContainer } from './pod-containers.ts';
import type { OperatedPod } from './pod-operations.ts';
import { afterProbe, earlyProbeMs, probeKey, probeOf, withNumericPort } from './probe-state.ts';
import type { ProbeKind } from './probe-state.ts';

/** A probe that could not be made at all is tried so often before that is told. */
const attemptsMax = 3;

type Answer = { readonly outcome: 'success' | 'failure' | 'error'; readonly message: string };

const titles: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };

/** Makes one probe and takes its answer into the pod's memory; a failure is told as an Unhealthy Event. */
export async function runProbe(parts: KubeletParts, target: OperatedPod, container: PodContainer, kind: ProbeKind): Promise<void> {
  const { spec, current } = container;
  const { memory } = target;
  const key = probeKey(current!.id, kind);
  const before = memory.probes?.get(key);
  const probe = probeOf(spec, kind);
  if (before === undefined || probe === undefined) return;
  memory.probes!.set(key, { ...before, inFlight: true });
  const answer = await ask(parts, target, container, kind);
  const state = memory.probes?.get(key);
  if (state === undefined || answer === undefined) return;
  const after = afterProbe(state, probe, answer.outcome, parts.clock.now());
  memory.probes!.set(key, after);
  // Of a probe out of turn only the outcome counts: a program that is still starting is no warning.
  const early = answer.outcome === 'failure' && earlyProbeMs(state, after.run) !== undefined;
  if (answer.outcome !== 'success' && !early && memory.endingAtMs === undefined) {
    const text =
      answer.outcome === 'failure' ? `${titles[kind]} probe failed: ${answer.message}` : `${titles[kind]} probe errored: ${answer.message}`;
    parts.event(target.pod, 'Warning', 'Unhealthy', text, { name: spec.name, type: container.type });
  }
  if (after.result !== state.result) target.touch();
  else target.look();
}

async function ask(
  parts: KubeletParts,
  target: OperatedPod,
  { spec, current }: PodContainer,
  kind: ProbeKind,
): Promise<Answer | undefined> {
  const { calls, runtime, hostIp } = parts;
  const { exec, grpc, httpGet, tcpSocket, timeoutSeconds = 1 } = probeOf(spec, kind)!;
  const handler = withNumericPort(
    { ...(exec && { exec }), ...(grpc && { grpc }), ...(httpGet && { httpGet }), ...(tcpSocket && { tcpSocket }) },
    spec,
  );
  if (typeof handler === 'string') return { outcome: 'error', message: handler };
  const podIp = target.sandboxes[target.sandboxes.length - 1]?.ips[0] ?? hostIp;
  const timeoutMs = timeoutSeconds * 1000;
  for (let attempt = 1; ; attempt++) {
    try {
      return await calls.run('free', 'probe', timeoutMs, (options) => runtime.probe(current!.id, podIp, handler, timeoutMs, options));
    } catch (error) {
      if (error instanceof ClosedError) return undefined;
      const message = (error as Error).message;
      if (error instanceof RuntimeError && error.code === 'RUNTIME_DEADLINE')
        return { outcome: 'failure', message: `command timed out: ${message}` };
      if (attempt === attemptsMax) return { outcome: 'error', message };
    }
  }
}
