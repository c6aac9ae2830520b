import type { AdmissionRequest, AdmissionStep } from './admission.ts';
import type { KubeObject } from './object.ts';

export interface Admitted {
  readonly object: KubeObject;
  readonly rollbacks: readonly (() => Promise<void>)[];
}

/** Runs admission steps in their order. */
export class AdmissionChain {
  readonly #mutating: readonly AdmissionStep[];
  readonly #validating: readonly AdmissionStep[];

  constructor(steps: readonly AdmissionStep[]) {
    this.#mutating = steps.filter((step) => step.mutate !== undefined);
    this.#validating = steps.filter((step) => step.validate !== undefined);
  }

  /** Synchronous as long as every step is, so that a group of writes costs no turns. What steps reserved is given back if one refuses. */
  mutate(request: AdmissionRequest): Admitted | Promise<Admitted> {
    const rollbacks: (() => Promise<void>)[] = [];
    const refuse = async (error: unknown): Promise<never> => {
      for (const rollback of rollbacks) await rollback();
      throw error;
    };
    try {
      const admitted = this.#mutateFrom(0, request, rollbacks);
      return admitted instanceof Promise ? admitted.catch(refuse) : admitted;
    } catch (error) {
      if (rollbacks.length === 0) throw error;
      return refuse(error);
    }
  }

  #mutateFrom(start: number, request: AdmissionRequest, rollbacks: (() => Promise<void>)[]): Admitted | Promise<Admitted> {
    let current = request;
    for (let i = start; i < this.#mutating.length; i++) {
      const result = this.#mutating[i]!.mutate!(current);
      if (result instanceof Promise) {
        const before = current;
        return result.then((mutation) => {
          if (mutation?.rollback !== undefined) rollbacks.push(mutation.rollback);
          return this.#mutateFrom(i + 1, mutation === undefined ? before : { ...before, object: mutation.object }, rollbacks);
        });
      }
      if (result === undefined) continue;
      if (result.rollback !== undefined) rollbacks.push(result.rollback);
      current = { ...current, object: result.object };
    }
    return { object: current.object, rollbacks };
  }

  validate(request: AdmissionRequest): void | Promise<void> {
    return this.#validateFrom(0, request);
  }

  #validateFrom(start: number, request: AdmissionRequest): void | Promise<void> {
    for (let i = start; i < this.#validating.length; i++) {
      const result = this.#validating[i]!.validate!(request);
      if (result instanceof Promise) return result.then(() => this.#validateFrom(i + 1, request));
    }
  }
}
