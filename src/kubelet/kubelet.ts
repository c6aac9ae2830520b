import type { Instant } from '../env/clock.ts';
import { ClosedError } from '../errors.ts';
import type { Follow, Participant, StepReport } from '../loop/participant.ts';
import type { PodAddress, PodStats, RuntimeInfo, SandboxReport } from '../runtimes/runtime.ts';
import { NodeAgent } from './node-agent.ts';
import { KubeletCommons } from './kubelet-commons.ts';
import type { KubeletOptions } from './kubelet-options.ts';
import { fieldPathOf } from './kubelet-parts.ts';
import type { ContainerRef, KubeletParts } from './kubelet-parts.ts';
import { allocatableOf } from './node-status.ts';
import { ObjectLookup } from './object-lookup.ts';
import { OrphanRemoval } from './orphan-removal.ts';
import { earlier } from './pod-actions.ts';
import { NodeLoad } from './node-load.ts';
import type { StoredPod } from './pod-containers.ts';
import { PodOperations } from './pod-operations.ts';
import { PodSet } from './pod-set.ts';
import type { WorkerParts } from './pod-worker.ts';
import { PodStreams } from './pod-streams.ts';
import { RuntimeCalls } from './runtime-calls.ts';
import { StatusWriter } from './status-writer.ts';

type Changes = Parameters<Participant['onChanges']>[0];

const timeouts = { workMs: 120_000, pullMs: 900_000 };
const relistMsVirtual = 300_000;
const relistMsReal = 30_000;

/**
 * The agent of one node: runs the Pods that are bound to it, tells the API what became of them, and speaks for the node.
 * It decides purely and does everything through its runtime; it opens no socket and no file itself.
 *
 * @example
 * declare const given: Omit<KubeletOptions, 'node'>;
 * const kubelet = await Kubelet.open({ ...given, node: { name: 'n1' } });
 */
export class Kubelet implements Participant {
  readonly name: string;
  readonly nodeName: string;
  /** Logs, exec, attach and port-forward of the node's containers. */
  readonly streams: PodStreams;
  readonly #options: KubeletOptions;
  readonly #parts: KubeletParts;
  readonly #writer: StatusWriter;
  readonly #pods: PodSet;
  readonly #agent: NodeAgent;
  readonly #orphans: OrphanRemoval;
  readonly #relistMs: number;
  /** What the runtime had when it was opened: adopted or removed in the first step. */
  #found: readonly SandboxReport[] | undefined;
  #wake: () => void = () => undefined;
  #follow: Follow = () => undefined;
  #off: () => void = () => undefined;
  #relistAt: Instant;
  #stepping = false;
  #closing: Promise<void> | undefined;

  private constructor(options: KubeletOptions, info: RuntimeInfo, found: readonly SandboxReport[]) {
    const { node, runtime, env, client, view, relistMs, drainMs = 0, commons = new KubeletCommons() } = options;
    const { clock, logger } = env;
    this.name = `kubelet/${node.name}`;
    this.nodeName = node.name;
    this.#options = options;
    this.#found = found;
    const lookup = new ObjectLookup(view);
    const source = { component: 'kubelet', host: node.name };
    // One object, written as a whole and the same in shape for every kubelet: what looks into it does so for thousands of nodes.
    const parts: { -readonly [K in keyof WorkerParts]: WorkerParts[K] } = {
      nodeName: node.name,
      clock,
      logger,
      client,
      view,
      runtime,
      timeouts,
      drainMs,
      calls: new RuntimeCalls(runtime, clock, {
        work: options.concurrency?.work ?? info.concurrency ?? 8,
        pull: options.concurrency?.pull ?? 3,
      }),
      names: { nodeName: node.name, clusterDomain: options.clusterDomain ?? 'cluster.local', clusterDns: options.clusterDns ?? [] },
      source: lookup,
      tokens: options.tokens,
      writeOptions: {
        fieldManager: 'kubelet',
        fieldValidation: 'Ignore',
        identity: { name: `system:node:${node.name}`, groups: ['system:nodes', 'system:authenticated'], role: 'kubelet' },
      },
      times: commons.times,
      pool: commons.pool,
      hostIp: info.hostAddress,
      allocatable: allocatableOf(node, info),
      runtimeHandlers: info.runtimeHandlers ?? [],
      services: (pod) => lookup.serviceVariables(pod),
      isBehindService: (pod) => lookup.isBehindService(pod),
      event: (pod, type, reason, message, container) => client.event(regarding(pod, container), type, reason, message, source),
      imagesChanged: () => this.#agent.imagesChanged(),
      onDirty: (worker) => this.#mark(worker),
      // They are given the parts themselves.
      operations: undefined as never,
      writer: undefined as never,
    };
    this.#parts = parts;
    parts.writer = this.#writer = new StatusWriter(parts);
    parts.operations = new PodOperations(parts);
    this.#pods = new PodSet(parts, new NodeLoad(parts.allocatable, commons.requests), (reference, on) => this.#follow(reference, on));
    this.#orphans = new OrphanRemoval(parts);
    this.streams = new PodStreams(parts, (uid) => this.#pods.known(uid));
    const times = {
      leaseRenewMs: options.leaseRenewMs ?? 10_000,
      leaseDurationSeconds: options.leaseDurationSeconds ?? 40,
      nodeStatusMs: options.nodeStatusMs ?? 300_000,
    };
    this.#agent = new NodeAgent(parts, node, info, times, env.random.fork(this.name), () => this.#wakeUp());
    this.#relistMs = relistMs ?? (runtime.virtual ? relistMsVirtual : relistMsReal);
    this.#relistAt = clock.now() + this.#relistMs;
  }

  /** Opens the runtime and finds out what an earlier kubelet left running. Rejects with the runtime's error if it cannot be used. */
  static async open(options: KubeletOptions): Promise<Kubelet> {
    const { runtime, env } = options;
    const info = await runtime.open(env);
    try {
      return new Kubelet(options, info, await runtime.listSandboxes());
    } catch (error) {
      await runtime.close();
      throw error;
    }
  }

  /** The view must be complete by then: what no Pod in it explains is removed. */
  start(wake: () => void, follow: Follow = () => undefined): void {
    this.#wake = wake;
    this.#follow = follow;
    this.#off = this.#parts.runtime.onEvent((uid) => this.#pods.runtimeEvent(uid, this.#parts.clock.now()));
    wake();
  }

  onChanges(changes: Changes): void {
    const now = this.#parts.clock.now();
    const failed: unknown[] = [];
    for (const change of changes) {
      try {
        this.#take(change, now);
      } catch (error) {
        failed.push(error);
      }
    }
    // All of them were seen; the loop reports what one of them did.
    if (failed.length > 0) throw failed[0];
  }

  #take({ type, object }: Changes[number], now: Instant): void {
    const { namespace, name } = object.metadata;
    switch (object.kind) {
      case 'Pod':
        if (type === 'deleted') this.#pods.gone(object as StoredPod, now);
        // Pods there are before the first step are taken up there, together with what the runtime has of them.
        else if (this.#found === undefined && (object as StoredPod).spec?.nodeName === this.nodeName)
          this.#pods.put(object as StoredPod, now);
        break;
      case 'ConfigMap':
      case 'Secret':
      case 'PersistentVolumeClaim':
        this.#pods.referenceChanged(`${object.kind}/${namespace}/${name}`);
        break;
      default:
    }
  }

  step(now: Instant): StepReport {
    if (this.#closing !== undefined) return { inFlight: 0, wakeAt: undefined, progressed: false };
    this.#stepping = true;
    const { calls } = this.#parts;
    calls.expire(now);
    const heartbeatAt = this.#agent.step(now);
    if (this.#found !== undefined) this.#takeUp(this.#found, now);
    const progressed = this.#pods.sync(now);
    if (now >= this.#relistAt) this.#relist(now);
    this.#stepping = false;
    if (this.#pods.dirty) this.#wake();
    const wakeAt = earlier(earlier(heartbeatAt, this.#pods.nextAt), earlier(this.#relistAt, calls.nextDeadline));
    return { inFlight: calls.inFlight + this.#writer.inFlight + this.#agent.inFlight, wakeAt, progressed };
  }

  /** CPU and memory of the node's pods, as the runtime measures them. */
  stats(): Promise<readonly PodStats[]> {
    return this.#parts.calls.run('free', 'stats', timeouts.workMs, (options) => this.#parts.runtime.stats(options));
  }

  /** How a port of a pod is reached from the host; undefined while it cannot be. */
  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): PodAddress | undefined {
    return this.#parts.runtime.podAddress(podUid, port, protocol);
  }

  /** Lets go of every pod; the runtime ends them, or leaves them running, as `onHostDeath` says. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#off();
    this.#pods.abandon();
    this.#parts.calls.close();
    await this.#options.runtime.close();
  }

  #mark(worker: Parameters<PodSet['mark']>[0]): void {
    this.#pods.mark(worker);
    this.#wakeUp();
  }

  #wakeUp(): void {
    if (!this.#stepping && this.#closing === undefined) this.#wake();
  }

  /** The first step: pods that are there are run or adopted, what none explains is removed. */
  #takeUp(found: readonly SandboxReport[], now: Instant): void {
    this.#found = undefined;
    const byPod = groupByPod(found);
    const pods = [...this.#parts.view.podsOnNode(this.nodeName)] as unknown as StoredPod[];
    pods.sort((a, b) =>
      a.metadata.creationTimestamp < b.metadata.creationTimestamp
        ? -1
        : a.metadata.creationTimestamp > b.metadata.creationTimestamp
          ? 1
          : 0,
    );
    for (const pod of pods) {
      this.#pods.put(pod, now, byPod.get(pod.metadata.uid));
      byPod.delete(pod.metadata.uid);
    }
    for (const reports of byPod.values()) for (const report of reports) this.#orphans.remove(report);
  }

  #relist(now: Instant): void {
    this.#relistAt = now + this.#relistMs;
    const { calls, runtime, logger } = this.#parts;
    calls
      .run('free', 'listSandboxes', timeouts.workMs, (options) => runtime.listSandboxes(options))
      .then(
        (found) => this.#compare(found),
        (error: unknown) => {
          if (!(error instanceof ClosedError))
            logger.warn({ node: this.nodeName, error: (error as Error).message }, 'the pods of the runtime could not be listed');
        },
      );
  }

  #compare(found: readonly SandboxReport[]): void {
    for (const [uid, reports] of this.#pods.compare(groupByPod(found), this.#parts.clock.now())) {
      if (this.#parts.view.byUid(uid) === undefined) for (const report of reports) this.#orphans.remove(report);
    }
    this.#wakeUp();
  }
}

function groupByPod(reports: readonly SandboxReport[]): Map<string, SandboxReport[]> {
  const byPod = new Map<string, SandboxReport[]>();
  for (const report of reports) {
    const known = byPod.get(report.podUid);
    if (known === undefined) byPod.set(report.podUid, [report]);
    else known.push(report);
  }
  for (const group of byPod.values()) group.sort((a, b) => a.attempt - b.attempt);
  return byPod;
}

function regarding({ metadata }: StoredPod, container: ContainerRef | undefined): Parameters<KubeletParts['client']['event']>[0] {
  const { namespace = '', name, uid } = metadata;
  if (container === undefined) return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid, fieldPath: fieldPathOf(container) };
}
