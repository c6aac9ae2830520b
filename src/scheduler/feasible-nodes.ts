import type { NodeSet } from './plugin.ts';
import type { ShapeTable } from './shape-table.ts';

/** The nodes that fit, written down only when somebody asks for them. */
export class FeasibleNodes implements NodeSet {
  readonly #table: ShapeTable;
  readonly #scratch: Int32Array;
  #count: number | undefined;

  /** `scratch` is overwritten, and has room for every row. */
  constructor(table: ShapeTable, scratch: Int32Array) {
    this.#table = table;
    this.#scratch = scratch;
  }

  get indexes(): Int32Array {
    this.#count ??= this.#table.feasible(this.#scratch);
    return this.#scratch;
  }

  get count(): number {
    return this.#count ?? this.#table.feasibleCount;
  }

  /** True once the nodes are written down: they may be fewer than the table says from then on. */
  get listed(): boolean {
    return this.#count !== undefined;
  }

  /** Keeps the first `count` of the listed nodes. */
  set(count: number): void {
    this.#count = count;
  }
}
