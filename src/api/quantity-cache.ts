import { Quantity } from './quantity.ts';

/** More distinct texts than real clusters use; a stranger who sends others only empties the cache. */
const entriesMax = 4096;

/** Remembers quantities by their text, for readers that meet the same few texts all day (scheduler, kubelet). One per owner. */
export class QuantityCache {
  readonly #known = new Map<string | number, Quantity>();

  /** As `Quantity.parse`. */
  get(text: string | number): Quantity {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const quantity = Quantity.parse(text);
    if (this.#known.size >= entriesMax) this.#known.clear();
    this.#known.set(text, quantity);
    return quantity;
  }

  /** Thousandths, rounded away from zero. */
  milli(text: string | number): number {
    return this.get(text).toMilli();
  }

  /** Whole units, rounded away from zero. */
  integer(text: string | number): number {
    return this.get(text).toInteger();
  }
}
