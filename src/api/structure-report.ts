import { goTypeOf } from './json-values.ts';
import type { TypeProblem } from './structure.ts';

const problemsMax = 100;
const depthMax = 400;

/** What decoders say while they walk a value: where they are, and what they found there. One for each reading. */
export class StructureReport {
  readonly typeProblems: TypeProblem[] = [];
  readonly unknownFields: string[] = [];
  readonly #steps: (string | number)[] = [];
  readonly #models: string[] = [];

  enter(step: string | number): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  /** False if the value is nested deeper than any sensible object; then nothing is entered. */
  enterModel(model: string): boolean {
    if (this.#models.length >= depthMax) {
      this.problem('json: exceeded max depth');
      return false;
    }
    this.#models.push(model);
    return true;
  }

  leaveModel(): void {
    this.#models.pop();
  }

  unknown(field: string): void {
    if (this.unknownFields.length >= problemsMax) return;
    this.enter(field);
    this.unknownFields.push(this.path());
    this.leave();
  }

  /** The value is of another JSON type than the field. */
  wrongType(value: unknown, goType: string): void {
    const fields = this.#steps.filter((step) => typeof step === 'string').join('.');
    const model = this.#models.at(-1) ?? '';
    const target = fields === '' ? `Go value of type ${goType}` : `Go struct field ${model}.${fields} of type ${goType}`;
    this.problem(`json: cannot unmarshal ${jsonType(value)} into ${target}`, restoring(value, goType));
  }

  problem(message: string, restoring?: string): void {
    if (this.typeProblems.length >= problemsMax) return;
    this.typeProblems.push({ path: this.path(), message, ...(restoring === undefined ? {} : { restoring }) });
  }

  path(): string {
    let text = '';
    for (const step of this.#steps) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
    return text;
  }
}

function restoring(value: unknown, goType: string): string {
  const kind = Array.isArray(value) ? 'slice' : typeof value === 'object' ? 'map' : goTypeOf(value);
  if (goType.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (goType.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (goType.startsWith('v1.')) return `cannot restore struct from: ${kind}`;
  return `cannot convert ${kind === 'slice' || kind === 'map' ? kind : goTypeOf(value)} to ${goType}`;
}

function jsonType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 'number' : `number ${value}`;
  return Array.isArray(value) ? 'array' : typeof value;
}
