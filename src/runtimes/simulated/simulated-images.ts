import { imageNotFound } from '../runtime-failure.ts';
import type { CallOptions, ImagePull, ImageReport } from '../runtime.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import type { SimulatedDuration, SimulatedImage } from './simulated-image.ts';

const runsForEver: SimulatedImage = {};
const pullTimeoutMs = 900_000;

/** An image that is on the node. Its containers share it. */
export interface PulledImage {
  readonly name: string;
  readonly id: string;
  /** What its containers do. */
  readonly behaviour: SimulatedImage;
}

/** The images of one simulated node: what exists, and what has been pulled. */
export class SimulatedImages {
  readonly #known: Readonly<Record<string, SimulatedImage>>;
  readonly #unknown: 'run' | 'refuse';
  readonly #pullMs: SimulatedDuration;
  readonly #pulled = new Map<string, PulledImage>();

  constructor(known: Readonly<Record<string, SimulatedImage>>, unknown: 'run' | 'refuse', pullMs: SimulatedDuration) {
    this.#known = known;
    this.#unknown = unknown;
    this.#pullMs = pullMs;
  }

  pulled(image: string): PulledImage | undefined {
    return this.#pulled.get(image);
  }

  /** Takes it that an image has been pulled; undefined if there is none of this name. */
  assume(image: string): PulledImage | undefined {
    const known = this.#look(image);
    return this.pulled(image) ?? (known === undefined ? undefined : this.#add(image, known));
  }

  status(image: string): ImageReport | undefined {
    const pulled = this.#pulled.get(image);
    return pulled === undefined ? undefined : report(pulled);
  }

  list(): readonly ImageReport[] {
    return [...this.#pulled.values()].map(report);
  }

  remove(image: string): void {
    this.#pulled.delete(image);
  }

  async pull({ image }: ImagePull, gate: SimulatedGate, options: CallOptions | undefined): Promise<string> {
    const known = this.#look(image);
    await gate.pass('pullImage', { image }, known?.pullMs ?? this.#pullMs, { timeoutMs: pullTimeoutMs, ...options });
    if (known === undefined || known.exists === false) throw imageNotFound(image, 'no simulated image of this name was given');
    return this.#add(image, known).id;
  }

  #add(name: string, behaviour: SimulatedImage): PulledImage {
    const pulled = { name, id: `sim://${name}`, behaviour };
    this.#pulled.set(name, pulled);
    return pulled;
  }

  #look(image: string): SimulatedImage | undefined {
    return this.#known[image] ?? (this.#unknown === 'refuse' ? undefined : runsForEver);
  }
}

const report = ({ name, id, behaviour }: PulledImage): ImageReport => ({ id, names: [name], sizeBytes: behaviour.sizeBytes ?? 0 });
