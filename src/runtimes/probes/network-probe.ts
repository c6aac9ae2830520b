import { RuntimeError } from '../../errors.ts';
import type { HookHandler, ProbeHandler, ProbeResult } from '../runtime.ts';
import { grpcProbe } from './grpc-probe.ts';
import { httpGet } from './http-request.ts';
import type { ProbeTarget } from './probe-target.ts';
import { tcpProbe } from './tcp-probe.ts';

/** Runs a probe that goes over the network; undefined if the handler is none (`exec` is the runtime's own). */
export async function networkProbe(
  handler: ProbeHandler,
  target: ProbeTarget,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ProbeResult | undefined> {
  if (handler.httpGet !== undefined) {
    const answer = await httpGet(handler.httpGet, target, timeoutMs, signal);
    if (!answer.ok) return { outcome: 'failure', message: answer.message };
    if (answer.status >= 200 && answer.status < 400) return { outcome: 'success', message: answer.body };
    return { outcome: 'failure', message: `HTTP probe failed with statuscode: ${answer.status}` };
  }
  if (handler.tcpSocket !== undefined) return tcpProbe(handler.tcpSocket, target, timeoutMs, signal);
  if (handler.grpc !== undefined) return grpcProbe(handler.grpc, target, timeoutMs, signal);
  return undefined;
}

/**
 * Runs a hook that needs no process: `httpGet` (any answer will do, as in Kubernetes) or `sleep`. Returns false if the handler is none of these.
 *
 * @throws RuntimeError `RUNTIME_HOOK_FAILED` if there was no answer, and for `tcpSocket`, which Kubernetes accepts and then fails.
 */
export async function networkHook(handler: HookHandler, target: ProbeTarget, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  if (handler.sleep !== undefined) {
    await target.clock.sleep(handler.sleep.seconds * 1000, signal);
    return true;
  }
  if (handler.httpGet !== undefined) {
    const answer = await httpGet(handler.httpGet, target, timeoutMs, signal);
    if (!answer.ok) throw new RuntimeError('RUNTIME_HOOK_FAILED', answer.message);
    return true;
  }
  if (handler.tcpSocket !== undefined) throw new RuntimeError('RUNTIME_HOOK_FAILED', 'tcpSocket is not supported as a lifecycle hook');
  return false;
}
