import { imageNotFound } from '../runtime-failure.ts';
import type { CallOptions, ImagePull, ImageReport } from '../runtime.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import type { SimulatedDuration, SimulatedImage } from './simulated-image.ts';

const runsForEver: SimulatedImage = {};
const pullTimeoutMs = 900_000;

const idOf = (image: string): string => `sim://${image}`;

/** The images of one simulated node: what exists, and what has been pulled. */
export class SimulatedImages {
  readonly #known: Readonly<Record<string, SimulatedImage>>;
  readonly #unknown: 'run' | 'refuse';
  readonly #pullMs: SimulatedDuration;
  readonly #pulled = new Set<string>();

  constructor(known: Readonly<Record<string, SimulatedImage>>, unknown: 'run' | 'refuse', pullMs: SimulatedDuration) {
    this.#known = known;
    this.#unknown = unknown;
    this.#pullMs = pullMs;
  }

  /** What containers of an image do; undefined unless it has been pulled. */
  behaviour(image: string): SimulatedImage | undefined {
    return this.#pulled.has(image) ? this.#look(image) : undefined;
  }

  status(image: string): ImageReport | undefined {
    return this.#pulled.has(image) ? { id: idOf(image), names: [image], sizeBytes: this.#look(image)?.sizeBytes ?? 0 } : undefined;
  }

  list(): readonly ImageReport[] {
    return [...this.#pulled].map((image) => this.status(image)).filter((report) => report !== undefined);
  }

  remove(image: string): void {
    this.#pulled.delete(image);
  }

  async pull({ image }: ImagePull, gate: SimulatedGate, options: CallOptions | undefined): Promise<string> {
    const known = this.#look(image);
    await gate.pass('pullImage', { image }, known?.pullMs ?? this.#pullMs, { timeoutMs: pullTimeoutMs, ...options });
    if (known === undefined || known.exists === false) throw imageNotFound(image, 'no simulated image of this name was given');
    this.#pulled.add(image);
    return idOf(image);
  }

  #look(image: string): SimulatedImage | undefined {
    return this.#known[image] ?? (this.#unknown === 'refuse' ? undefined : runsForEver);
  }
}
