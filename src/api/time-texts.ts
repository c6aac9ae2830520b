import { formatTime } from './time.ts';
import type { Instant } from '../env/clock.ts';

/** Kubernetes' `Time` of instants; those of one second are asked for together and are one text. */
export class TimeTexts {
  #second = Number.NaN;
  #text = '';

  of(at: Instant): string {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = formatTime(at);
    }
    return this.#text;
  }
}
