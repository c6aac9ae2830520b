import { Environment } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import { ParseError } from '../errors.ts';
import { registerKubernetesLibrary } from './cel-library.ts';
import { celValue } from './cel-value.ts';
import type { ValueSchema } from './cel-value.ts';

/*
 * The one door for CEL, in which custom resources bring their rules. It is heavy: whoever may not need it imports this file with
 * `await import('./cel.ts')`.
 */

/** Steps one evaluation may take at most, counted before it begins: about a second. */
const costMax = 1_000_000;
const macros: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'exists_one',
  'existsOne',
  'map',
  'filter',
  'sortBy',
  'transformList',
  'transformMap',
]);

type Parsed = ReturnType<Environment['parse']>;

/** The values an expression sees. */
export interface CelInput {
  readonly self: unknown;
  /** The value before the update; absent on create. */
  readonly oldSelf?: unknown;
}

/**
 * One compiled expression over `self` and `oldSelf`. Immutable.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/cel/
 *
 * @example
 * CelExpression.compile('self.minReplicas <= self.replicas').evaluate({ self: { minReplicas: 1, replicas: 2 } }); // true
 */
export class CelExpression {
  readonly source: string;
  /** True if the expression looks at `oldSelf`: then it is a transition rule, and holds for updates only. */
  readonly usesOldSelf: boolean;
  readonly #schema: ValueSchema | undefined;
  readonly #parsed: Parsed;
  /** For each depth of nested loops, how many parts of the expression stand in it. */
  readonly #nesting: readonly number[];
  readonly #longestLiteral: number;
  /** True if a text can become a list to loop over. */
  readonly #splitsText: boolean;

  private constructor(source: string, schema: ValueSchema | undefined) {
    this.source = source;
    this.#schema = schema;
    this.#parsed = parse(source);
    const shape = new Shape(this.#parsed.ast);
    this.#nesting = shape.nesting;
    this.#longestLiteral = shape.longestLiteral;
    this.#splitsText = source.includes('split');
    this.usesOldSelf = shape.names.has('oldSelf');
  }

  /** Throws a ParseError for what is no expression. `schema` tells integers from numbers and fields from map keys. */
  static compile(source: string, schema?: ValueSchema): CelExpression {
    return new CelExpression(source, schema);
  }

  /** The value of the expression, numbers as CEL has them (int is bigint). Throws a ParseError if it fails or would cost too much. */
  evaluate(input: CelInput): unknown {
    const self = celValue(input.self, this.#schema);
    const oldSelf = this.usesOldSelf && input.oldSelf !== undefined ? celValue(input.oldSelf, this.#schema) : undefined;
    this.#requireCheap(input);
    try {
      return this.#parsed(oldSelf === undefined ? { self } : { self, oldSelf }) as unknown;
    } catch (error) {
      throw new ParseError(`rule evaluation error: ${firstLine(error)}`, { cause: error });
    }
  }

  /** True if the expression is true. Throws a ParseError if it is no yes or no. */
  holds(input: CelInput): boolean {
    const value = this.evaluate(input);
    if (typeof value !== 'boolean')
      throw new ParseError(`rule evaluation error: expected true or false, got ${typeof value === 'bigint' ? 'int' : typeof value}`);
    return value;
  }

  #requireCheap({ self, oldSelf }: CelInput): void {
    const asked = this.usesOldSelf ? [self, oldSelf] : [self];
    const longest = asked.reduce<number>(
      (most, value) => Math.max(most, longestPart(value, this.#splitsText)),
      Math.max(this.#longestLiteral, 1),
    );
    let cost = 0;
    for (const [depth, parts] of this.#nesting.entries()) cost += parts * longest ** depth;
    if (cost > costMax)
      throw new ParseError(`no further validation rules will be run due to call cost exceeds limit for rule: ${this.source}`);
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}

/** Made anew for each expression: an environment remembers what was registered. */
function environment(): Environment {
  const env = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 5000, maxDepth: 100, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
  });
  env.registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
  registerKubernetesLibrary(env);
  return env;
}

function parse(source: string): Parsed {
  const env = environment();
  try {
    const first = env.parse(source);
    const parsed = env.parse(linearMatches(source, first.ast));
    const { valid, error } = parsed.check();
    if (!valid) throw error ?? new ParseError('invalid expression');
    return parsed;
  } catch (error) {
    throw new ParseError(`compilation failed: ${firstLine(error)}`, { cause: error });
  }
}

/** `matches` goes to our engine, which no pattern makes slow. */
function linearMatches(source: string, ast: ASTNode): string {
  const places: number[] = [];
  visit(ast, 0, (node) => {
    if (node.op !== 'rcall' || node.args[0] !== 'matches') return;
    const at = source.slice(node.args[1].end).search(/matches/);
    if (at >= 0) places.push(node.args[1].end + at);
  });
  let text = source;
  for (const at of [...new Set(places)].sort((a, b) => b - a))
    text = `${text.slice(0, at)}linearMatches${text.slice(at + 'matches'.length)}`;
  return text;
}

/** What an expression is made of, as far as its cost goes. */
class Shape {
  readonly nesting: number[] = [];
  readonly names = new Set<string>();
  longestLiteral = 0;

  constructor(ast: ASTNode) {
    visit(ast, 0, (node, depth) => {
      this.nesting[depth] = (this.nesting[depth] ?? 0) + 1;
      if (node.op === 'id') this.names.add(node.args);
      if (node.op === 'list' || node.op === 'map') this.longestLiteral = Math.max(this.longestLiteral, node.args.length);
      if (node.op === 'value' && typeof node.args === 'string') this.longestLiteral = Math.max(this.longestLiteral, node.args.length);
    });
    for (let depth = 0; depth < this.nesting.length; depth += 1) this.nesting[depth] ??= 0;
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/** Calls back for every node with the number of loops around it. */
function visit(value: unknown, depth: number, onNode: (node: ASTNode, depth: number) => void): void {
  if (Array.isArray(value)) {
    for (const part of value) visit(part, depth, onNode);
    return;
  }
  if (!isNode(value)) return;
  onNode(value, depth);
  if (value.op === 'rcall' && macros.has(value.args[0])) {
    visit(value.args[1], depth, onNode);
    visit(value.args[2], depth + 1, onNode);
  } else {
    visit(value.args, depth, onNode);
  }
}

/** The length of the longest list or map in a value; of texts too, if they can be split. */
function longestPart(value: unknown, withTexts: boolean): number {
  if (typeof value === 'string') return withTexts ? value.length : 0;
  if (typeof value !== 'object' || value === null) return 0;
  const parts = Object.values(value);
  return parts.reduce<number>((longest, part) => Math.max(longest, longestPart(part, withTexts)), parts.length);
}
