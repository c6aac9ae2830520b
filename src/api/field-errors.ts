import type { FieldCause } from '../errors.ts';
import { GoValue, goValue } from './go-value.ts';
import type { ValidationMemo } from './validation-memo.ts';

/** Checks one part of an object; `path` is where the part stands. */
export type PartCheck<T> = (part: T, path: string, errors: FieldErrors) => void;

/** How a value stands in a message: strings quoted, lists of strings as Go writes them, everything else as JSON. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  if (value instanceof GoValue) return value.text;
  if (Array.isArray(value) && value.length > 0 && value.every((element) => typeof element === 'string'))
    return goValue('[]string', value).text;
  return typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
}

/** Collects what is wrong with an object, field by field, in Kubernetes' reasons and words. */
export class FieldErrors {
  readonly #causes: FieldCause[] = [];
  readonly #memo: ValidationMemo | undefined;

  /**
   * True if a built-in controller writes: it alone may name addresses that users may not (Pods on the process runtime have
   * addresses of the loopback).
   */
  readonly builtIn: boolean;

  /** With a memo, frozen parts that passed a check before are not checked again. */
  constructor(memo?: ValidationMemo, builtIn = false) {
    this.#memo = memo;
    this.builtIn = builtIn;
  }

  get causes(): readonly FieldCause[] {
    return this.#causes;
  }

  get empty(): boolean {
    return this.#causes.length === 0;
  }

  /** Runs a check of a part that depends on nothing but the part, unless the very same frozen part passed it before. */
  check<T extends object>(check: PartCheck<T>, part: T | undefined, path: string): void {
    if (part === undefined || this.#memo?.passed(check, part) === true) return;
    const before = this.#causes.length;
    check(part, path, this);
    if (this.#causes.length === before) this.#memo?.remember(check, part);
  }

  /** All that another check has found. */
  addAll(other: FieldErrors): void {
    this.#causes.push(...other.#causes);
  }

  /** `field: Required value[: detail]` */
  required(field: string, detail = ''): void {
    this.#add('FieldValueRequired', field, `Required value${detail === '' ? '' : `: ${detail}`}`);
  }

  /** `field: Invalid value: <value>: detail` */
  invalid(field: string, value: unknown, detail: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${shown(value)}${detail === '' ? '' : `: ${detail}`}`);
  }

  /** The value is of another type than the schema of a custom resource says: `field: Invalid value: "string": detail` */
  typeInvalid(field: string, found: string, detail: string): void {
    this.#add('FieldValueTypeInvalid', field, `Invalid value: ${shown(found)}: ${detail}`);
  }

  /** An error with a reason that a rule names itself. */
  because(reason: string, field: string, message: string): void {
    this.#add(reason, field, message);
  }

  /** Empty, for a check whose findings decide something. */
  sibling(): FieldErrors {
    return new FieldErrors(this.#memo, this.builtIn);
  }

  /** `field: Unsupported value: <value>: supported values: "A", "B"`, in the order given */
  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const list = supported.map((v) => JSON.stringify(v)).join(', ');
    this.#add('FieldValueNotSupported', field, `Unsupported value: ${shown(value)}${list === '' ? '' : `: supported values: ${list}`}`);
  }

  /** `field: Duplicate value: <value>` */
  duplicate(field: string, value: unknown): void {
    this.#add('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}`);
  }

  /** `field: Forbidden: detail` */
  forbidden(field: string, detail: string): void {
    this.#add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }

  /** `field: Not found: <value>` */
  notFound(field: string, value: unknown): void {
    this.#add('FieldValueNotFound', field, `Not found: ${shown(value)}`);
  }

  /** `field: Too long: must have at most <max> bytes` */
  tooLong(field: string, max: number): void {
    this.#add('FieldValueTooLong', field, `Too long: must have at most ${max} bytes`);
  }

  /** `field: Too many: <actual>: must have at most <max> items` */
  tooMany(field: string, actual: number, max: number): void {
    this.#add('FieldValueTooMany', field, `Too many: ${actual}: must have at most ${max} items`);
  }

  /** `field: Internal error: detail` */
  internal(field: string, detail: string): void {
    this.#add('InternalError', field, `Internal error: ${detail}`);
  }

  #add(reason: string, field: string, message: string): void {
    this.#causes.push({ reason, message, field });
  }
}
