import { isJsonObject } from '../json-values.ts';
import { deepFreeze } from '../object.ts';
import { canonicalElement } from './path-element.ts';
import type { MergeShape } from './merge-shape.ts';

interface FieldNode {
  /** The path that ends here is in the set. */
  member: boolean;
  readonly children: Map<string, FieldNode>;
}

const depthMax = 400;

function newNode(): FieldNode {
  return { member: false, children: new Map() };
}

const order = (a: string, b: string): number => {
  const rank = (e: string): number => 'fkvi'.indexOf(e[0]!);
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
};

/** A set of paths, the way server-side apply says who owns what. Immutable but for `insert`, which is for whoever builds one. */
export class FieldSet {
  readonly #root: FieldNode;
  #written: Record<string, unknown> | undefined;

  constructor(root: FieldNode = newNode()) {
    this.#root = root;
  }

  static of(...paths: readonly (readonly string[])[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** Reads `fieldsV1`; undefined if it is not in that notation. */
  static fromFieldsV1(value: unknown): FieldSet | undefined {
    const root = readNode(value, depthMax);
    if (root === undefined) return undefined;
    root.member = false;
    return new FieldSet(root);
  }

  insert(path: readonly string[]): void {
    this.#written = undefined;
    let node = this.#root;
    for (const element of path) {
      let child = node.children.get(element);
      if (child === undefined) node.children.set(element, (child = newNode()));
      node = child;
    }
    node.member = true;
  }

  get empty(): boolean {
    return this.#root.children.size === 0;
  }

  has(element: string): boolean {
    return this.#root.children.get(element)?.member ?? false;
  }

  /** What lies below a step; undefined if nothing does. */
  below(element: string): FieldSet | undefined {
    const child = this.#root.children.get(element);
    return child === undefined || child.children.size === 0 ? undefined : new FieldSet(child);
  }

  union(other: FieldSet): FieldSet {
    if (other.empty) return this;
    if (this.empty) return other;
    return new FieldSet(union(this.#root, other.#root));
  }

  intersection(other: FieldSet): FieldSet {
    return new FieldSet(intersection(this.#root, other.#root) ?? newNode());
  }

  /** Without the paths of the other; what lies below such a path stays. */
  difference(other: FieldSet): FieldSet {
    if (other.empty) return this;
    return new FieldSet(difference(this.#root, other.#root, false) ?? newNode());
  }

  /** Without the paths of the other and all below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.empty) return this;
    return new FieldSet(difference(this.#root, other.#root, true) ?? newNode());
  }

  /** With every named field on the way to a path a path of its own. */
  withNamedFields(shape: MergeShape): FieldSet {
    return new FieldSet(withNamedFields(this.#root, shape));
  }

  equals(other: FieldSet): boolean {
    return JSON.stringify(this.toFieldsV1()) === JSON.stringify(other.toFieldsV1());
  }

  /** All paths, in order. */
  paths(): readonly (readonly string[])[] {
    const found: string[][] = [];
    collect(this.#root, [], found);
    return found;
  }

  /** Written once, frozen, and shared by all objects whose fields these are. */
  toFieldsV1(): Record<string, unknown> {
    return (this.#written ??= deepFreeze(writeNode(this.#root, true)));
  }
}

function readNode(value: unknown, depth: number): FieldNode | undefined {
  if (!isJsonObject(value) || depth === 0) return undefined;
  const node = newNode();
  const keys = Object.keys(value);
  node.member = keys.length === 0;
  for (const key of keys) {
    if (key === '.') {
      node.member = true;
      continue;
    }
    const element = canonicalElement(key);
    const child = element === undefined ? undefined : readNode(value[key], depth - 1);
    if (child === undefined) return undefined;
    node.children.set(element!, child);
  }
  return node;
}

function writeNode(node: FieldNode, isRoot: boolean): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  if (node.member && !isRoot && node.children.size > 0) written['.'] = {};
  for (const element of [...node.children.keys()].sort(order)) written[element] = writeNode(node.children.get(element)!, false);
  return written;
}

function union(a: FieldNode, b: FieldNode): FieldNode {
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const mine = children.get(element);
    children.set(element, mine === undefined ? child : union(mine, child));
  }
  return { member: a.member || b.member, children };
}

function kept(member: boolean, children: Map<string, FieldNode>): FieldNode | undefined {
  return member || children.size > 0 ? { member, children } : undefined;
}

function intersection(a: FieldNode, b: FieldNode): FieldNode | undefined {
  const children = new Map<string, FieldNode>();
  for (const [element, child] of a.children) {
    const theirs = b.children.get(element);
    const common = theirs === undefined ? undefined : intersection(child, theirs);
    if (common !== undefined) children.set(element, common);
  }
  return kept(a.member && b.member, children);
}

function difference(a: FieldNode, b: FieldNode, recursive: boolean): FieldNode | undefined {
  if (recursive && b.member) return undefined;
  const children = new Map<string, FieldNode>();
  for (const [element, child] of a.children) {
    const theirs = b.children.get(element);
    const rest = theirs === undefined ? child : difference(child, theirs, recursive);
    if (rest !== undefined) children.set(element, rest);
  }
  return kept(a.member && !b.member, children);
}

function withNamedFields(node: FieldNode, shape: MergeShape): FieldNode {
  const children = new Map<string, FieldNode>();
  for (const [element, child] of node.children) {
    const inner =
      shape.kind === 'map' && element.startsWith('f:') ? shape.field(element.slice(2)) : shape.kind === 'list' ? shape.element : undefined;
    const next = inner === undefined ? child : withNamedFields(child, inner);
    const named = shape.kind === 'map' && shape.named && inner !== undefined;
    children.set(element, named && !next.member ? { member: true, children: next.children } : next);
  }
  return { member: node.member, children };
}

function collect(node: FieldNode, path: string[], found: string[][]): void {
  const elements = [...node.children.keys()].sort(order);
  for (const element of elements) if (node.children.get(element)!.member) found.push([...path, element]);
  for (const element of elements) collect(node.children.get(element)!, [...path, element], found);
}
