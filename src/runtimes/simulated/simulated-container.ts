import type { Instant, Timer } from '../../env/clock.ts';
import { containerId } from '../container-id.ts';
import type { ContainerState, ContainerStatusReport } from '../runtime.ts';
import type { SimulatedExit } from './simulated-exit.ts';
import type { SimulatedImage } from './simulated-image.ts';
import type { PulledImage } from './simulated-images.ts';

/** A container of a simulated pod: as few fields as will do, since there are hundreds of thousands. */
export class SimulatedContainer {
  readonly name: string;
  readonly attempt: number;
  readonly image: PulledImage;
  startedAtMs: Instant = 0;
  finishedAtMs: Instant = 0;
  exit: SimulatedExit | undefined = undefined;
  /** Set while an end is foreseen: when, how, and the timer that brings it. */
  ending: { readonly atMs: Instant; readonly exit: SimulatedExit; timer: Timer | undefined } | undefined = undefined;

  constructor(name: string, attempt: number, image: PulledImage) {
    this.name = name;
    this.attempt = attempt;
    this.image = image;
  }

  get behaviour(): SimulatedImage {
    return this.image.behaviour;
  }

  get running(): boolean {
    return this.startedAtMs > 0 && this.exit === undefined;
  }

  state(): ContainerState {
    const { exit, startedAtMs, finishedAtMs } = this;
    if (exit !== undefined) return { state: 'exited', startedAtMs, finishedAtMs, ...exit };
    return startedAtMs > 0 ? { state: 'running', startedAtMs } : { state: 'created' };
  }

  report(sandboxId: string): ContainerStatusReport {
    const { name, attempt, image } = this;
    const id = containerId(sandboxId, name, attempt);
    return { id, sandboxId, name, attempt, image: image.name, imageId: image.id, state: this.state() };
  }
}
