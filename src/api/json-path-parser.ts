import { ParseError } from '../errors.ts';

/** One step of a path. */
export type PathStep =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'wildcard' }
  /** The value and everything in it. */
  | { readonly type: 'recursive' }
  /** One element (`end` undefined and `single`), or a slice. */
  | {
      readonly type: 'slice';
      readonly start: number | undefined;
      readonly end: number | undefined;
      readonly step: number;
      readonly single: boolean;
    }
  | { readonly type: 'union'; readonly paths: readonly (readonly PathStep[])[] }
  | { readonly type: 'filter'; readonly left: Operand; readonly operator: FilterOperator | undefined; readonly right: Operand | undefined };

export type FilterOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A side of a comparison: a literal, or a path from the element (`@`) or the root (`$`). */
export type Operand = { readonly literal: string | number | boolean } | { readonly path: readonly PathStep[]; readonly fromRoot: boolean };

/** A part of a template: text, a path in braces, or a range over what a path finds. */
export type TemplateNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly steps: readonly PathStep[]; readonly fromRoot: boolean }
  | { readonly type: 'range'; readonly steps: readonly PathStep[]; readonly fromRoot: boolean; readonly body: readonly TemplateNode[] };

const lengthMax = 10_000;
const depthMax = 50;

/** Reads kubectl's dialect; throws a {@link ParseError} that says what was expected where. */
export class JsonPathParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    if (text.length > lengthMax) throw new ParseError(`jsonpath: longer than ${lengthMax} characters`);
    this.#text = text;
  }

  /** A whole template: text with `{...}` in it. */
  template(): readonly TemplateNode[] {
    const nodes = this.#nodes(0);
    if (this.#at < this.#text.length) throw this.#expected('no {end} without a {range}');
    return nodes;
  }

  /** A path alone, as printer columns have it: `.spec.replicas`. */
  path(): readonly PathStep[] {
    const steps = this.#steps(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#expected('a step (.field, [index])');
    return steps;
  }

  #nodes(depth: number): TemplateNode[] {
    if (depth > depthMax) throw new ParseError('jsonpath: ranges nested too deep');
    const nodes: TemplateNode[] = [];
    while (this.#at < this.#text.length) {
      const brace = this.#text.indexOf('{', this.#at);
      const end = brace < 0 ? this.#text.length : brace;
      if (end > this.#at) nodes.push({ type: 'text', text: this.#text.slice(this.#at, end) });
      this.#at = end;
      if (brace < 0) break;
      if (/^\{\s*end\s*\}/.test(this.#text.slice(this.#at, this.#at + 100))) return nodes;
      this.#at += 1;
      nodes.push(...this.#braces(depth));
    }
    return nodes;
  }

  #braces(depth: number): TemplateNode[] {
    const nodes: TemplateNode[] = [];
    for (;;) {
      this.#skipSpace();
      const c = this.#text[this.#at];
      if (c === undefined) throw new ParseError('jsonpath: unclosed action');
      if (c === '}') {
        this.#at += 1;
        return nodes;
      }
      if (c === '"' || c === "'") nodes.push({ type: 'text', text: this.#quoted() });
      else if (/^range\s/.test(this.#text.slice(this.#at, this.#at + 6))) return [...nodes, this.#range(depth)];
      else nodes.push({ type: 'path', ...this.#rooted(depth) });
    }
  }

  #range(depth: number): TemplateNode {
    this.#at += 'range'.length;
    const over = this.#rooted(depth);
    this.#take('}');
    const body = this.#nodes(depth + 1);
    const end = /^\{\s*end\s*\}/.exec(this.#text.slice(this.#at));
    if (end === null) throw this.#expected('{end}');
    this.#at += end[0].length;
    return { type: 'range', ...over, body };
  }

  #rooted(depth: number): { steps: readonly PathStep[]; fromRoot: boolean } {
    this.#skipSpace();
    const c = this.#text[this.#at];
    if (c === '$' || c === '@') this.#at += 1;
    else if (c !== '.' && c !== '[') throw this.#expected('a path (.field, [index], $, @)');
    return { steps: this.#steps(depth), fromRoot: c === '$' };
  }

  #steps(depth: number): readonly PathStep[] {
    if (depth > depthMax) throw new ParseError('jsonpath: filters nested too deep');
    const steps: PathStep[] = [];
    for (;;) {
      const c = this.#text[this.#at];
      if (c === '[') steps.push(...this.#brackets(depth));
      else if (c === '.' && this.#text[this.#at + 1] === '.') {
        this.#at += 2;
        steps.push({ type: 'recursive' });
        if (this.#text[this.#at] !== '[') steps.push(this.#field());
      } else if (c === '.') {
        this.#at += 1;
        const next = this.#text[this.#at];
        if (next !== '[' && next !== undefined && !/[\s}]/.test(next)) steps.push(this.#field());
      } else return steps;
    }
  }

  #field(): PathStep {
    let name = '';
    for (; this.#at < this.#text.length; this.#at += 1) {
      const c = this.#text[this.#at]!;
      if (/[.[\]{}()\s,|&=!<>]/.test(c)) break;
      if (c === '\\') this.#at += 1;
      name += this.#text[this.#at] ?? '';
    }
    if (name === '') throw this.#expected('a field name');
    return name === '*' ? { type: 'wildcard' } : { type: 'field', name };
  }

  #brackets(depth: number): readonly PathStep[] {
    this.#at += 1;
    this.#skipSpace();
    if (this.#text.startsWith('?(', this.#at)) return [this.#filter(depth + 1)];
    const paths: (readonly PathStep[])[] = [];
    do {
      this.#skipSpace();
      paths.push(this.#entry());
      this.#skipSpace();
    } while (this.#text[this.#at] === ',' && ++this.#at > 0);
    this.#take(']');
    return paths.length === 1 ? paths[0]! : [{ type: 'union', paths }];
  }

  /** What stands between brackets and commas: `*`, an index, a slice, or a quoted path. */
  #entry(): readonly PathStep[] {
    const c = this.#text[this.#at];
    if (c === '"' || c === "'") return new JsonPathParser(`.${this.#quoted(true)}`).path();
    if (c === '*') {
      this.#at += 1;
      return [{ type: 'wildcard' }];
    }
    const match = /^(-?\d+)?\s*(?:(:)\s*(-?\d+)?\s*(?::\s*(-?\d+)?)?)?/.exec(this.#text.slice(this.#at, this.#at + 100))!;
    const [all, start, colon, end, step] = match;
    if (all.trim() === '') throw this.#expected('an index, a slice, a quoted name or *');
    this.#at += all.length;
    const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
    if (Number(step ?? 1) <= 0) throw new ParseError('jsonpath: step must be > 0');
    return [{ type: 'slice', start: number(start), end: number(end), step: Number(step ?? 1), single: colon === undefined }];
  }

  #filter(depth: number): PathStep {
    this.#at += 2;
    const left = this.#operand(depth);
    this.#skipSpace();
    const operator = /^(?:==|!=|<=|>=|<|>)/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0] as FilterOperator | undefined;
    this.#at += operator?.length ?? 0;
    const right = operator === undefined ? undefined : this.#operand(depth);
    this.#skipSpace();
    this.#take(')');
    this.#take(']');
    return { type: 'filter', left, operator, right };
  }

  #operand(depth: number): Operand {
    this.#skipSpace();
    const c = this.#text[this.#at];
    if (c === '"' || c === "'") return { literal: this.#quoted() };
    const word = /^(?:true|false|-?\d+(?:\.\d+)?)(?![\w.])/.exec(this.#text.slice(this.#at, this.#at + 50))?.[0];
    if (word === undefined) {
      const { steps, fromRoot } = this.#rooted(depth);
      return { path: steps, fromRoot };
    }
    this.#at += word.length;
    return { literal: word === 'true' ? true : word === 'false' ? false : Number(word) };
  }

  /** A quoted text; `raw`: with its backslashes, for a path. */
  #quoted(raw = false): string {
    const quote = this.#text[this.#at]!;
    let text = '';
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const c = this.#text[this.#at]!;
      if (c === quote) {
        this.#at += 1;
        return text;
      }
      if (c !== '\\') text += c;
      else {
        this.#at += 1;
        const next = this.#text[this.#at] ?? '';
        text += raw ? `\\${next}` : next === 'n' ? '\n' : next === 't' ? '\t' : next === 'r' ? '\r' : next;
      }
    }
    throw new ParseError('jsonpath: unterminated quoted string');
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #take(wanted: string): void {
    this.#skipSpace();
    if (this.#text[this.#at] !== wanted) throw this.#expected(JSON.stringify(wanted));
    this.#at += 1;
  }

  #expected(what: string): ParseError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text.slice(this.#at, this.#at + 20)) : 'the end';
    return new ParseError(`jsonpath: expected ${what} at character ${this.#at + 1}, found ${found}`);
  }
}
