import { ApiError, BadRequestError, ParseError } from '../errors.ts';
import { deepEqual } from './deep-equal.ts';
import { goTypeOf, isJsonObject, isShallow, setKey } from './json-values.ts';
import type { JsonObject } from './json-values.ts';

const operationsMax = 10_000;
/** What all `copy` operations of a patch may add together. */
const copiedBytesMax = 3 * 1024 * 1024;

interface Place {
  readonly container: JsonObject | unknown[];
  readonly key: string;
}

/** One patch at work: containers are copied when they are first changed, and changed in place from then on. */
class Patching {
  root: unknown;
  readonly #owned = new Set<object>();
  #copiedBytes = 0;

  constructor(document: unknown) {
    this.root = document;
  }

  apply(operation: JsonObject): void {
    const { op, path, from } = operation;
    if (typeof path !== 'string') throw new ParseError('operation missing path field');
    const value = operation.value ?? null;
    switch (op) {
      case 'add':
        return this.#add(this.#place(path, op), value);
      case 'remove':
        return this.#remove(this.#place(path, op), op);
      case 'replace':
        return this.#replace(this.#place(path, op), value);
      case 'test':
        return this.#test(this.#place(path, op), value, path);
      case 'move': {
        const source = this.#place(from, op);
        const moved = this.#get(source, op) ?? null;
        this.#remove(source, op);
        return this.#add(this.#place(path, op), moved);
      }
      case 'copy':
        return this.#copy(from, path);
      default:
        throw new ParseError(`Unexpected kind: ${String(op)}`);
    }
  }

  /** The container a path ends in, made our own on the way, and the last key. As in Kubernetes what stands before the first slash does not count. */
  #place(path: unknown, op: string): Place {
    const tokens =
      typeof path === 'string'
        ? path
            .split('/')
            .slice(1)
            .map((t) => t.replaceAll('~1', '/').replaceAll('~0', '~'))
        : [];
    const key = tokens.pop();
    this.root = this.#own(this.root);
    let container = this.root;
    for (const token of tokens) {
      if (typeof container !== 'object' || container === null) break;
      const parent = container as JsonObject | unknown[];
      const index = Array.isArray(parent) ? arrayIndex(parent, token, parent.length - 1, op) : token;
      const child = this.#own(Object.hasOwn(parent, index) ? (parent as JsonObject)[index] : undefined);
      if (typeof child === 'object' && child !== null) this.#set(parent, index, child);
      container = child;
    }
    if (key === undefined || typeof container !== 'object' || container === null)
      throw new ParseError(`${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}`);
    return { container: container as JsonObject | unknown[], key };
  }

  #own(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.#owned.has(value)) return value;
    const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
    this.#owned.add(copy);
    return copy;
  }

  #set(container: JsonObject | unknown[], key: string | number, value: unknown): void {
    if (Array.isArray(container)) container[Number(key)] = value;
    else setKey(container, String(key), value);
  }

  #get({ container, key }: Place, op: string): unknown {
    const index = Array.isArray(container) ? arrayIndex(container, key, container.length - 1, op) : key;
    return Object.hasOwn(container, index) ? (container as JsonObject)[index] : undefined;
  }

  #add({ container, key }: Place, value: unknown): void {
    if (!Array.isArray(container)) setKey(container, key, value);
    else container.splice(key === '-' ? container.length : arrayIndex(container, key, container.length, 'add'), 0, value);
  }

  #remove({ container, key }: Place, op: string): void {
    if (Array.isArray(container)) {
      container.splice(arrayIndex(container, key, container.length - 1, op), 1);
      return;
    }
    if (!Object.hasOwn(container, key)) throw new ParseError(`Unable to remove nonexistent key: ${key}`);
    delete container[key];
  }

  /** As in Kubernetes, a key of an object need not be there to be replaced. */
  #replace({ container, key }: Place, value: unknown): void {
    this.#set(container, Array.isArray(container) ? arrayIndex(container, key, container.length - 1, 'replace') : key, value);
  }

  #test(place: Place, value: unknown, path: string): void {
    if (!deepEqual(this.#get(place, 'test') ?? null, value)) throw new ParseError(`testing value ${path} failed`);
  }

  #copy(from: unknown, path: string): void {
    const text = JSON.stringify(this.#get(this.#place(from, 'copy'), 'copy') ?? null);
    this.#copiedBytes += Buffer.byteLength(text);
    if (this.#copiedBytes > copiedBytesMax)
      throw new ParseError(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${copiedBytesMax}`,
      );
    this.#add(this.#place(path, 'copy'), JSON.parse(text));
  }
}

function arrayIndex(list: readonly unknown[], key: string, max: number, op: string): number {
  if (!/^[+-]?[0-9]+$/.test(key)) throw new ParseError(`${op}: strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  const index = Number(key) < 0 ? Number(key) + max + 1 : Number(key);
  if (index < 0 || index > max) throw new ParseError(`Unable to access invalid index: ${key} of a list of ${list.length}`);
  return index;
}

/**
 * Applies a JSON patch (RFC 6902) as Kubernetes does: negative indices count from the end, and `replace` sets a key that is not
 * there. Nothing that is given is changed; what the patch does not touch is shared.
 *
 * Throws a BadRequestError for what is no patch, a 413 for more than 10,000 operations, and a 422 with the reason as its `cause`
 * if an operation does not apply.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = operationsOf(patch);
  const patching = new Patching(document);
  try {
    for (const operation of operations) patching.apply(operation);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, { cause: error });
  }
  if (!isShallow(patching.root)) throw new BadRequestError('json: exceeded max depth');
  return patching.root;
}

function operationsOf(patch: unknown): readonly JsonObject[] {
  const words = (value: unknown, type: string): string =>
    `json: cannot unmarshal ${Array.isArray(value) ? 'array' : goTypeOf(value) === 'bool' ? 'bool' : typeof value} into Go value of type ${type}`;
  if (patch === null || patch === undefined) return [];
  if (!Array.isArray(patch)) throw new BadRequestError(words(patch, 'jsonpatch.Patch'));
  if (patch.length > operationsMax) {
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${operationsMax}, got ${patch.length}`,
    );
  }
  return patch.map((operation: unknown) => {
    if (!isJsonObject(operation)) throw new BadRequestError(words(operation, 'jsonpatch.Operation'));
    return operation;
  });
}
