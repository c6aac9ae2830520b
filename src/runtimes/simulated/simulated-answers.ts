import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../errors.ts';
import { FinishedExecSession } from '../finished-exec-session.ts';
import { notRunning, unknownSandbox } from '../runtime-failure.ts';
import type { CallOptions, ExecOptions, ExecSession, HookHandler, LogChunk, LogOptions, ProbeHandler, ProbeResult } from '../runtime.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import { simulatedLogs } from './simulated-logs.ts';
import { findContainer, targetOf } from './simulated-lookup.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

/** What the containers of one simulated node answer when they are asked something, by the script of their image. */
export class SimulatedAnswers {
  readonly #gate: SimulatedGate;
  readonly #machine: SimulatedMachine;

  constructor(gate: SimulatedGate, machine: SimulatedMachine) {
    this.#gate = gate;
    this.#machine = machine;
  }

  async probe(id: string, handler: ProbeHandler, timeoutMs: number, options?: CallOptions): Promise<ProbeResult> {
    const { sandbox, container } = findContainer(this.#gate, this.#machine, id);
    const effect = await this.#gate.pass('probe', targetOf({ sandbox, container }), 0, { timeoutMs, ...options });
    if (effect?.type === 'probe-failure') return { outcome: 'failure', message: effect.message ?? 'scripted probe failure' };
    if (!container.running) return { outcome: 'failure', message: 'container is not running' };
    const context = this.#machine.context(sandbox, container);
    const scripted = container.behaviour.probe?.(handler, context);
    if (scripted !== undefined) return scripted;
    const ran = handler.exec === undefined ? undefined : container.behaviour.exec?.(handler.exec.command ?? [], context);
    if (ran !== undefined)
      return { outcome: ran.exitCode === 0 ? 'success' : 'failure', message: `${ran.stdout ?? ''}${ran.stderr ?? ''}` };
    const ready = this.#gate.node.clock.now() >= container.startedAtMs + (container.behaviour.readyAfterMs ?? 0);
    return ready ? { outcome: 'success', message: '' } : { outcome: 'failure', message: `not ready: ${describe(handler)}` };
  }

  async hook(id: string, handler: HookHandler, options?: CallOptions): Promise<void> {
    const { sandbox, container } = findContainer(this.#gate, this.#machine, id);
    const sleepMs = (handler.sleep?.seconds ?? 0) * 1000;
    await this.#gate.pass('hook', targetOf({ sandbox, container }), sleepMs, options);
    const context = this.#machine.context(sandbox, container);
    const ran = handler.exec === undefined ? undefined : container.behaviour.exec?.(handler.exec.command ?? [], context);
    const failed = ran === undefined || ran.exitCode === 0 ? undefined : `command exited with ${ran.exitCode}: ${ran.stderr ?? ''}`;
    const why = container.behaviour.hook?.(handler, context) ?? failed;
    if (why !== undefined) throw new RuntimeError('RUNTIME_HOOK_FAILED', why);
  }

  async *logs(id: string, options: LogOptions): AsyncGenerator<LogChunk, void, undefined> {
    const { sandbox, container } = findContainer(this.#gate, this.#machine, id);
    const { clock, waits } = this.#gate.node;
    yield* simulatedLogs(container, () => this.#machine.context(sandbox, container), options, clock, waits);
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    const { sandbox, container } = findContainer(this.#gate, this.#machine, id);
    await this.#gate.pass('exec', targetOf({ sandbox, container }), 0, options);
    if (!container.running) throw notRunning(id, container.state().state);
    const result = container.behaviour.exec?.(options.command, this.#machine.context(sandbox, container)) ?? {
      exitCode: 127,
      stderr: `${options.command[0] ?? ''}: the simulated image "${container.image.name}" has no exec script\n`,
    };
    return new FinishedExecSession(result, options);
  }

  async portForward(sandboxId: string, port: number, options?: CallOptions): Promise<Duplex> {
    await this.#gate.pass('exec', { pod: this.#machine.sandbox(sandboxId)?.podName }, 0, options);
    const sandbox = this.#machine.sandbox(sandboxId);
    if (sandbox === undefined) throw unknownSandbox(sandboxId);
    for (const container of sandbox.containers) {
      const stream = container.running ? container.behaviour.connect?.(port, this.#machine.context(sandbox, container)) : undefined;
      if (stream !== undefined) return stream;
    }
    throw new RuntimeError(
      'RUNTIME_PORT_REFUSED',
      `port ${port} of pod "${sandbox.podName}" refused the connection: no image script answers it`,
    );
  }
}

const describe = (handler: ProbeHandler): string =>
  handler.httpGet !== undefined
    ? 'HTTP probe'
    : handler.tcpSocket !== undefined
      ? 'TCP probe'
      : handler.grpc !== undefined
        ? 'gRPC probe'
        : 'exec probe';
