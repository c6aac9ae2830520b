import type { Instant } from '../../env/clock.ts';
import { sandboxId } from '../container-id.ts';
import type { SandboxReport } from '../runtime.ts';
import type { SimulatedContainer } from './simulated-container.ts';

/** A simulated pod sandbox. Its id is made from the pod's uid when somebody asks, and not kept. */
export class SimulatedSandbox {
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly attempt: number;
  readonly createdAtMs: Instant;
  /** The number of its address in the node's range; -1 without one (the host's network, or already freed). */
  addressSlot: number;
  readonly hostNetwork: boolean;
  ready = true;
  containers: SimulatedContainer[] = [];
  /** The sandbox this one replaced, until it is removed. */
  previous: SimulatedSandbox | undefined = undefined;

  constructor(
    pod: { readonly uid: string; readonly name: string; readonly namespace: string; readonly hostNetwork: boolean },
    attempt: number,
    createdAtMs: Instant,
    addressSlot: number,
  ) {
    this.podUid = pod.uid;
    this.podName = pod.name;
    this.podNamespace = pod.namespace;
    this.hostNetwork = pod.hostNetwork;
    this.attempt = attempt;
    this.createdAtMs = createdAtMs;
    this.addressSlot = addressSlot;
  }

  get id(): string {
    return sandboxId(this.podUid, this.attempt);
  }

  report(ip: string | undefined): SandboxReport {
    const id = this.id;
    return {
      id,
      podUid: this.podUid,
      podName: this.podName,
      podNamespace: this.podNamespace,
      attempt: this.attempt,
      ready: this.ready,
      createdAtMs: this.createdAtMs,
      ips: ip === undefined ? [] : [ip],
      containers: this.containers.map((container) => container.report(id)),
      notices: [],
    };
  }
}
