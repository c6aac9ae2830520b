import type { Amounts } from './pod-resources.ts';

/** Amounts ready to be added to the columns of a table. */
export interface ColumnAmounts {
  readonly columns: readonly number[];
  readonly amounts: readonly number[];
}

/** The columns every table has, in this order. */
export const cpuColumn = 0;
export const memoryColumn = 1;
const firstColumns = ['cpu', 'memory'];

/**
 * What nodes have and what their pods ask for: one column a resource, one row a node. Columns are typed arrays, so that a pass
 * over all nodes touches nothing but numbers. Amounts are thousandths of cpu and whole units of everything else (exact to 2^53).
 */
export class ResourceTable {
  readonly #columns = new Map<string, number>();
  #names: string[] = [];
  #rows: number;
  /** By column, then row. */
  readonly allocatable: Float64Array[] = [];
  readonly requested: Float64Array[] = [];
  /** What is asked for when unstated requests count as small ones; only cpu and memory differ from `requested`. */
  scoringCpu: Float64Array;
  scoringMemory: Float64Array;
  podCount: Int32Array;
  podLimit: Float64Array;

  constructor(rows: number) {
    this.#rows = rows;
    this.scoringCpu = new Float64Array(rows);
    this.scoringMemory = new Float64Array(rows);
    this.podCount = new Int32Array(rows);
    this.podLimit = new Float64Array(rows);
    for (const name of firstColumns) this.column(name);
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** The column of a resource; made if there is none yet. */
  column(name: string): number {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    const column = this.#names.length;
    this.#columns.set(name, column);
    this.#names.push(name);
    this.allocatable.push(new Float64Array(this.#rows));
    this.requested.push(new Float64Array(this.#rows));
    return column;
  }

  columnAmounts(amounts: Amounts): ColumnAmounts {
    const given = [...amounts].filter(([, amount]) => amount !== 0);
    return { columns: given.map(([name]) => this.column(name)), amounts: given.map(([, amount]) => amount) };
  }

  /** Makes room for rows up to `rows`. */
  grow(rows: number): void {
    if (rows <= this.#rows) return;
    this.#rows = rows;
    const wider = (old: Float64Array): Float64Array => {
      const wide = new Float64Array(rows);
      wide.set(old);
      return wide;
    };
    for (let column = 0; column < this.#names.length; column++) {
      this.allocatable[column] = wider(this.allocatable[column]!);
      this.requested[column] = wider(this.requested[column]!);
    }
    this.scoringCpu = wider(this.scoringCpu);
    this.scoringMemory = wider(this.scoringMemory);
    this.podLimit = wider(this.podLimit);
    const podCount = new Int32Array(rows);
    podCount.set(this.podCount);
    this.podCount = podCount;
  }

  /** Replaces what a node has. */
  setAllocatable(row: number, amounts: Amounts): void {
    for (const column of this.allocatable) column[row] = 0;
    for (const [name, amount] of amounts) this.allocatable[this.column(name)]![row] = amount;
    this.podLimit[row] = amounts.get('pods') ?? 0;
  }

  /** Adds (`sign` 1) or takes away (-1) one pod. */
  addPod(row: number, requests: ColumnAmounts, scoringCpu: number, scoringMemory: number, sign: 1 | -1): void {
    const { columns, amounts } = requests;
    for (let i = 0; i < columns.length; i++) this.requested[columns[i]!]![row]! += sign * amounts[i]!;
    this.scoringCpu[row]! += sign * scoringCpu;
    this.scoringMemory[row]! += sign * scoringMemory;
    this.podCount[row]! += sign;
  }
}
