import { ParseError } from '../errors.ts';
import { isWordChar, LinearRegExpParser } from './linear-regexp-parser.ts';
import type { CharTest, Pattern } from './linear-regexp-parser.ts';

type Step =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'assert'; readonly what: (Pattern & { type: 'assert' })['what'] }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };

const stepsMax = 20_000;
/** Characters times steps that one match may cost: about a second. */
const workMax = 200_000_000;

/**
 * A regular expression whose matching is never slower than the text times the pattern, in RE2's syntax (that of Go, and so of
 * Kubernetes). For patterns that strangers bring: the `pattern` of a custom resource's schema, `matches` in its rules.
 *
 * @example
 * LinearRegExp.compile('^(a+)+$').test('a'.repeat(10_000) + '!'); // false, at once
 */
export class LinearRegExp {
  readonly source: string;
  readonly #program: readonly Step[];

  private constructor(source: string, program: readonly Step[]) {
    this.source = source;
    this.#program = program;
  }

  /** Throws a ParseError for what is no pattern, or too large a one. */
  static compile(source: string): LinearRegExp {
    const program = new Program();
    program.add(new LinearRegExpParser(source).parse());
    program.steps.push({ op: 'match' });
    return new LinearRegExp(source, program.steps);
  }

  /** True if the pattern matches somewhere in the text. Throws a ParseError if text and pattern are too long together. */
  test(text: string): boolean {
    if (text.length * this.#program.length > workMax)
      throw new ParseError(`regexp: the text of ${text.length} characters is too long for this pattern`);
    const marks = new Uint32Array(this.#program.length);
    let states: number[] = [];
    let before = -1;
    for (let at = 0, round = 1; ; round += 1) {
      const here = at < text.length ? text.codePointAt(at)! : -1;
      // Everywhere a match may begin.
      if (this.#add(states, 0, before, here, marks, round)) return true;
      if (here < 0) return false;
      const next: number[] = [];
      const width = here > 0xffff ? 2 : 1;
      const ahead = at + width < text.length ? text.codePointAt(at + width)! : -1;
      for (const state of states) {
        const step = this.#program[state]!;
        if (step.op === 'char' && step.test(here) && this.#add(next, state + 1, here, ahead, marks, round + 1)) return true;
      }
      states = next;
      before = here;
      at += width;
    }
  }

  /** Adds a state and all it leads to without a character; true if that is a match. */
  #add(states: number[], from: number, before: number, here: number, marks: Uint32Array, round: number): boolean {
    const waiting = [from];
    while (waiting.length > 0) {
      const state = waiting.pop()!;
      if (marks[state] === round) continue;
      marks[state] = round;
      const step = this.#program[state]!;
      if (step.op === 'match') return true;
      if (step.op === 'char') states.push(state);
      else if (step.op === 'jump') waiting.push(step.to);
      else if (step.op === 'split') waiting.push(step.second, step.first);
      else if (holds(step.what, before, here)) waiting.push(state + 1);
    }
    return false;
  }
}

function holds(what: (Pattern & { type: 'assert' })['what'], before: number, here: number): boolean {
  switch (what) {
    case 'start':
      return before < 0;
    case 'end':
      return here < 0;
    case 'line-start':
      return before < 0 || before === 10;
    case 'line-end':
      return here < 0 || here === 10;
    default: {
      const boundary = (before >= 0 && isWordChar(before)) !== (here >= 0 && isWordChar(here));
      return boundary === (what === 'word');
    }
  }
}

/** A pattern on its way to be steps. */
class Program {
  readonly steps: Step[] = [];
  #parts = 0;

  add(pattern: Pattern): void {
    this.#parts += 1;
    if (this.#parts > stepsMax || this.steps.length > stepsMax) throw new ParseError('error parsing regexp: expression too large');
    switch (pattern.type) {
      case 'char':
        this.steps.push({ op: 'char', test: pattern.test });
        return;
      case 'assert':
        this.steps.push({ op: 'assert', what: pattern.what });
        return;
      case 'sequence':
        for (const part of pattern.parts) this.add(part);
        return;
      case 'choice':
        return this.#choice(pattern.options);
      case 'repeat':
        return this.#repeat(pattern);
    }
  }

  /** A step that goes on here or, once it is known, there. */
  #split(): { second: number } {
    const split = { op: 'split' as const, first: this.steps.length + 1, second: -1 };
    this.steps.push(split);
    return split;
  }

  #choice(options: readonly Pattern[]): void {
    const jumps: { to: number }[] = [];
    for (const option of options.slice(0, -1)) {
      const split = this.#split();
      this.add(option);
      const jump = { op: 'jump' as const, to: -1 };
      this.steps.push(jump);
      jumps.push(jump);
      split.second = this.steps.length;
    }
    this.add(options.at(-1)!);
    for (const jump of jumps) jump.to = this.steps.length;
  }

  #repeat({ part, min, max }: Pattern & { type: 'repeat' }): void {
    for (let i = 0; i < min; i += 1) this.add(part);
    if (max === Infinity) {
      const start = this.steps.length;
      const split = this.#split();
      this.add(part);
      this.steps.push({ op: 'jump', to: start });
      split.second = this.steps.length;
      return;
    }
    const splits: { second: number }[] = [];
    for (let i = min; i < max; i += 1) {
      splits.push(this.#split());
      this.add(part);
    }
    for (const split of splits) split.second = this.steps.length;
  }
}
