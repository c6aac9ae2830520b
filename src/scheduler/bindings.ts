import type { SchedulerCache } from './scheduler-cache.ts';
import type { PlannedWrite } from './scheduler.ts';
import type { Instant } from '../env/clock.ts';
import type { NodeInfo } from './node-info.ts';
import type { Refusal, WaitingPods } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { QueuedPod } from './queued-pod.ts';

/** A pod on its way to a node: assumed there, and not yet bound. */
export interface Binding {
  readonly queued: QueuedPod;
  readonly pod: PodInfo;
  readonly node: NodeInfo;
  readonly profile: Profile;
  /** Plugins of Permit that still hold it, and until when. */
  readonly heldBy: Map<string, Instant>;
  /** Writes of PreBind that have not ended. */
  readonly preBinding: Set<PlannedWrite>;
  preBound: boolean;
}

/** What became of a pod that was placed. */
export type Rejection = { readonly binding: Binding; readonly refusal: Refusal };

/**
 * Takes placed pods through Permit, PreBind and Bind. Holds those that Permit makes wait; knows for each write whose it was.
 */
export class Bindings implements WaitingPods {
  readonly #byUid = new Map<string, Binding>();
  readonly #ofWrite = new Map<PlannedWrite, Binding>();
  /** Held by nobody any more: to go on in the next pass. */
  readonly #ready = new Set<Binding>();
  readonly #waiting = new Set<Binding>();
  readonly #rejected: Rejection[] = [];

  /** Runs Permit. Returns the refusal, if there is one. */
  permit(queued: QueuedPod, node: NodeInfo, profile: Profile, now: Instant, cache: SchedulerCache): Refusal | undefined {
    const binding: Binding = { queued, pod: queued.pod, node, profile, heldBy: new Map(), preBinding: new Set(), preBound: false };
    this.#byUid.set(queued.uid, binding);
    for (const plugin of profile.permits) {
      const result = plugin.permit!(binding.pod, node, now, { cache, waiting: this });
      if (result === undefined) continue;
      if ('refusal' in result) {
        this.#byUid.delete(queued.uid);
        return result.refusal;
      }
      binding.heldBy.set(plugin.name, now + result.waitMs);
    }
    (binding.heldBy.size === 0 ? this.#ready : this.#waiting).add(binding);
    return undefined;
  }

  /** Tells the plugins that the pod will not go to the node, last told first. */
  unreserve({ pod, node, profile }: Pick<Binding, 'pod' | 'node' | 'profile'>, cache: SchedulerCache): void {
    for (const plugin of [...profile.reserves].reverse()) plugin.unreserve?.(pod, node, { cache, waiting: this });
  }

  *[Symbol.iterator](): Iterator<PodInfo> {
    for (const { pod } of this.#waiting) yield pod;
  }

  allow(plugin: string, uid: string): void {
    const binding = this.#byUid.get(uid);
    if (binding === undefined || !binding.heldBy.delete(plugin) || binding.heldBy.size > 0) return;
    this.#waiting.delete(binding);
    this.#ready.add(binding);
  }

  reject(uid: string, refusal: Refusal): boolean {
    const binding = this.#byUid.get(uid);
    if (binding === undefined || !this.#waiting.has(binding)) return false;
    this.#drop(binding);
    this.#rejected.push({ binding, refusal });
    return true;
  }

  /** The pod is gone: nothing more is written for it. */
  forget(uid: string): Binding | undefined {
    const binding = this.#byUid.get(uid);
    if (binding !== undefined) this.#drop(binding);
    return binding;
  }

  /** Those that were rejected or waited too long since the last call. */
  takeRejected(now: Instant): readonly Rejection[] {
    for (const binding of this.#waiting) {
      for (const [plugin, until] of binding.heldBy) {
        if (until > now) continue;
        this.reject(binding.queued.uid, { plugin, reasons: [`rejected due to timeout after waiting for ${plugin}`], resolvable: true });
        break;
      }
    }
    return this.#rejected.splice(0);
  }

  /** The writes that are due: of PreBind, or the bind itself. */
  takeWrites(into: PlannedWrite[]): void {
    for (const binding of this.#ready) {
      this.#ready.delete(binding);
      if (!binding.preBound) {
        binding.preBound = true;
        if (!this.#preBind(binding)) continue;
      }
      const writes = binding.preBinding.size > 0 ? binding.preBinding : [bindWrite(binding)];
      for (const write of writes) {
        this.#ofWrite.set(write, binding);
        into.push(write);
      }
    }
  }

  /** Asks the plugins of PreBind for their writes; false if one threw: the pod is then rejected. */
  #preBind(binding: Binding): boolean {
    for (const plugin of binding.profile.preBinds) {
      try {
        for (const write of plugin.preBind!(binding.pod, binding.node)) binding.preBinding.add(write);
      } catch (error) {
        this.#drop(binding);
        this.#rejected.push({ binding, refusal: { plugin: plugin.name, reasons: [`preBind threw: ${String(error)}`], resolvable: true } });
        return false;
      }
    }
    return true;
  }

  /** True if a pass would bring somebody further. */
  get busy(): boolean {
    return this.#ready.size > 0 || this.#rejected.length > 0;
  }

  nextDueAt(): Instant | undefined {
    let next: Instant | undefined;
    for (const { heldBy } of this.#waiting) for (const until of heldBy.values()) if (next === undefined || until < next) next = until;
    return next;
  }

  /** A write ended. Tells what that means for the pod whose write it was. */
  written(write: PlannedWrite, error: Error | undefined): { readonly binding: Binding; readonly outcome: 'bound' | 'failed' } | undefined {
    const binding = this.#ofWrite.get(write);
    if (binding === undefined) return undefined;
    this.#ofWrite.delete(write);
    if (this.#byUid.get(binding.queued.uid) !== binding) return undefined;
    if (error !== undefined) {
      this.#drop(binding);
      return { binding, outcome: 'failed' };
    }
    if (binding.preBinding.delete(write)) {
      if (binding.preBinding.size === 0) this.#ready.add(binding);
      return undefined;
    }
    this.#drop(binding);
    return { binding, outcome: 'bound' };
  }

  #drop(binding: Binding): void {
    this.#byUid.delete(binding.queued.uid);
    this.#waiting.delete(binding);
    this.#ready.delete(binding);
  }
}

function bindWrite({ pod, node, profile }: Binding): PlannedWrite {
  for (const plugin of profile.binds) {
    const write = plugin.bind!(pod, node);
    if (write !== undefined) return write;
  }
  return { verb: 'bind', pod: pod.object, nodeName: node.name };
}
