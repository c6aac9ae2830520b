import { ConfigurationError } from '../errors.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodShape } from './pod-shape.ts';
import type { ResourceWeight, Utilization } from './resource-scoring.ts';
import { cpuColumn, memoryColumn } from './resource-table.ts';

/**
 * Scores a node by how much of certain resources would be taken with the pod on it. `scoring`: containers without requests
 * count as small ones; `stated`: they count as nothing. Resources the node does not have, and others than cpu, memory
 * and ephemeral storage that the pod does not ask for, do not count.
 */
export class ScoredResources {
  readonly #resources: readonly { readonly name: string; readonly weight: number }[];
  readonly #utilization: Utilization;
  readonly #amounts: 'scoring' | 'stated';
  // Reused from call to call: this runs for every node of every new shape.
  readonly #requested: number[] = [];
  readonly #allocatable: number[] = [];
  readonly #weights: number[] = [];

  constructor(resources: readonly ResourceWeight[], utilization: Utilization, amounts: 'scoring' | 'stated') {
    this.#resources = resources.map(({ name, weight = 1 }, i) => {
      if (!(weight >= 1 && weight <= 100))
        throw new ConfigurationError(`scored resources[${i}] (${name}): weight: expected 1 to 100, got ${weight}`);
      return { name, weight };
    });
    this.#utilization = utilization;
    this.#amounts = amounts;
  }

  /** True if the pod asks for none of the resources. */
  asksForNone(shape: PodShape): boolean {
    const asked = this.#asked(shape);
    return this.#resources.every(({ name }) => (asked.get(name) ?? 0) === 0);
  }

  score(shape: PodShape, { index, resources: table }: NodeInfo): number {
    const asked = this.#asked(shape);
    let count = 0;
    for (const { name, weight } of this.#resources) {
      const own = asked.get(name) ?? 0;
      const column = table.column(name);
      const allocatable = table.allocatable[column]![index]!;
      if (allocatable === 0 || (own === 0 && !everybodys.has(name))) continue;
      this.#requested[count] = own + this.#taken(table, column, index);
      this.#allocatable[count] = allocatable;
      this.#weights[count] = weight;
      count++;
    }
    this.#requested.length = this.#allocatable.length = this.#weights.length = count;
    return this.#utilization(this.#requested, this.#allocatable, this.#weights);
  }

  #asked(shape: PodShape): ReadonlyMap<string, number> {
    return this.#amounts === 'scoring' ? shape.scoringRequests : shape.requests;
  }

  #taken(table: NodeInfo['resources'], column: number, index: number): number {
    if (this.#amounts === 'scoring' && column === cpuColumn) return table.scoringCpu[index]!;
    if (this.#amounts === 'scoring' && column === memoryColumn) return table.scoringMemory[index]!;
    return table.requested[column]![index]!;
  }
}

/** What every pod is taken to need some of; other resources (hugepages among them) do not count for pods that ask for none. */
const everybodys: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
