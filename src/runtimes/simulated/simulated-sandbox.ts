import type { Instant, Timer } from '../../env/clock.ts';
import { containerId, sandboxId } from '../container-id.ts';
import type { ContainerState, ContainerStatusReport, SandboxReport } from '../runtime.ts';
import type { SimulatedExit } from './simulated-exit.ts';
import type { SimulatedImage } from './simulated-image.ts';

/** A container of a simulated pod: as few fields as will do, since there are hundreds of thousands. */
export class SimulatedContainer {
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly behaviour: SimulatedImage;
  startedAtMs: Instant = 0;
  finishedAtMs: Instant = 0;
  exit: SimulatedExit | undefined = undefined;
  /** Set while an end is foreseen: when, how, and the timer that brings it. */
  ending: { readonly atMs: Instant; readonly exit: SimulatedExit; timer: Timer | undefined } | undefined = undefined;

  constructor(name: string, attempt: number, image: string, behaviour: SimulatedImage) {
    this.name = name;
    this.attempt = attempt;
    this.image = image;
    this.behaviour = behaviour;
  }

  get running(): boolean {
    return this.startedAtMs > 0 && this.exit === undefined;
  }

  state(): ContainerState {
    const { exit, startedAtMs, finishedAtMs } = this;
    if (exit !== undefined) return { state: 'exited', startedAtMs, finishedAtMs, ...exit };
    return startedAtMs > 0 ? { state: 'running', startedAtMs } : { state: 'created' };
  }
}

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
      containers: this.containers.map((container) => containerReport(id, container)),
      notices: [],
    };
  }
}

function containerReport(sandbox: string, container: SimulatedContainer): ContainerStatusReport {
  const { name, attempt, image } = container;
  return {
    id: containerId(sandbox, name, attempt),
    sandboxId: sandbox,
    name,
    attempt,
    image,
    imageId: `sim://${image}`,
    state: container.state(),
  };
}
