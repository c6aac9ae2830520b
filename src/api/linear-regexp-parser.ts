import { ParseError } from '../errors.ts';

/** Whether a character (a code point) belongs to a class. */
export type CharTest = (codePoint: number) => boolean;

/** A pattern as a tree. */
export type Pattern =
  | { readonly type: 'char'; readonly test: CharTest }
  | { readonly type: 'assert'; readonly what: 'start' | 'end' | 'line-start' | 'line-end' | 'word' | 'no-word' }
  | { readonly type: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly type: 'choice'; readonly options: readonly Pattern[] }
  | { readonly type: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number };

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

const repeatMax = 1000;
const depthMax = 100;

export const isWordChar: CharTest = (c) => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122);
const isDigit: CharTest = (c) => c >= 48 && c <= 57;
const isSpace: CharTest = (c) => c === 32 || (c >= 9 && c <= 13 && c !== 11);
const not =
  (test: CharTest): CharTest =>
  (c) =>
    !test(c);
const shorthands: Readonly<Record<string, CharTest>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWordChar,
  W: not(isWordChar),
  s: isSpace,
  S: not(isSpace),
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7 };
const posix: Readonly<Record<string, CharTest>> = {
  alnum: (c) => isWordChar(c) && c !== 95,
  alpha: (c) => (c >= 65 && c <= 90) || (c >= 97 && c <= 122),
  ascii: (c) => c < 128,
  blank: (c) => c === 32 || c === 9,
  cntrl: (c) => c < 32 || c === 127,
  digit: isDigit,
  graph: (c) => c > 32 && c < 127,
  lower: (c) => c >= 97 && c <= 122,
  print: (c) => c >= 32 && c < 127,
  punct: (c) => c > 32 && c < 127 && !(isWordChar(c) && c !== 95),
  space: (c) => isSpace(c) || c === 11,
  upper: (c) => c >= 65 && c <= 90,
  word: isWordChar,
  xdigit: (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
};

/**
 * Reads RE2's syntax, which is that of Go and Kubernetes: no look-around and no back-references, so that matching never costs
 * more than the text times the pattern. Throws a {@link ParseError}.
 */
export class LinearRegExpParser {
  readonly #text: string;
  #at = 0;
  #flags: Flags = { ignoreCase: false, multiline: false, dotAll: false };

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Pattern {
    const pattern = this.#choice(0);
    if (this.#at < this.#text.length) throw this.#refuse('unexpected )');
    return pattern;
  }

  #choice(depth: number): Pattern {
    if (depth > depthMax) throw this.#refuse('expression nests too deeply');
    const options = [this.#sequence(depth)];
    while (this.#text[this.#at] === '|') {
      this.#at += 1;
      options.push(this.#sequence(depth));
    }
    return options.length === 1 ? options[0]! : { type: 'choice', options };
  }

  #sequence(depth: number): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      const part = this.#atom(depth);
      if (part !== undefined) parts.push(this.#repeated(part));
    }
    return { type: 'sequence', parts };
  }

  #repeated(part: Pattern): Pattern {
    const quantifier = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/.exec(this.#text.slice(this.#at, this.#at + 30));
    if (quantifier === null) return part;
    const [all, sign, least, comma, most] = quantifier;
    const min = sign === '+' ? 1 : Number(least ?? 0);
    const max = sign === '?' ? 1 : sign !== undefined ? Infinity : comma === undefined ? min : most === '' ? Infinity : Number(most);
    if (max < min || min > repeatMax || (max !== Infinity && max > repeatMax)) throw this.#refuse('invalid repeat count');
    this.#at += all.length;
    if (/^[*+?]|^\{\d+(?:,\d*)?\}/.test(this.#text.slice(this.#at, this.#at + 30)))
      throw this.#refuse('invalid nested repetition operator');
    return { type: 'repeat', part, min, max };
  }

  #atom(depth: number): Pattern | undefined {
    const c = this.#text[this.#at]!;
    if (c === '(') return this.#group(depth);
    if (c === '[') return { type: 'char', test: this.#class() };
    this.#at += 1;
    if (c === '^') return { type: 'assert', what: this.#flags.multiline ? 'line-start' : 'start' };
    if (c === '$') return { type: 'assert', what: this.#flags.multiline ? 'line-end' : 'end' };
    if (c === '.') return { type: 'char', test: this.#flags.dotAll ? () => true : (p) => p !== 10 };
    if (c === '\\') return this.#escape();
    if (c === '*' || c === '+' || c === '?') throw this.#refuse(`missing argument to repetition operator: ${c}`);
    this.#at -= 1;
    return { type: 'char', test: this.#cased(exactly(this.#codePoint())) };
  }

  #group(depth: number): Pattern | undefined {
    const before = this.#flags;
    const head = /^\((?:\?(?:P?<\w+>|([ims]*)(?:-([ims]+))?([:)])))?/.exec(this.#text.slice(this.#at, this.#at + 200))!;
    if (head[0] === '(' && this.#text[this.#at + 1] === '?') throw this.#refuse('invalid or unsupported Perl syntax');
    this.#at += head[0].length;
    if (head[3] !== undefined) this.#flags = withFlags(withFlags(before, head[1] ?? '', true), head[2] ?? '', false);
    if (head[3] === ')') return undefined;
    const inner = this.#choice(depth + 1);
    if (this.#text[this.#at] !== ')') throw this.#refuse('missing closing )');
    this.#at += 1;
    this.#flags = before;
    return inner;
  }

  #escape(): Pattern {
    const c = this.#text[this.#at];
    if (c === 'b' || c === 'B' || c === 'A' || c === 'z') {
      this.#at += 1;
      return { type: 'assert', what: c === 'b' ? 'word' : c === 'B' ? 'no-word' : c === 'A' ? 'start' : 'end' };
    }
    return { type: 'char', test: this.#cased(this.#escapedChar()) };
  }

  /** What a backslash stands for, in and out of classes. */
  #escapedChar(): CharTest {
    const rest = this.#text.slice(this.#at, this.#at + 60);
    const property = /^([pP])(?:\{(\^?)([\w=]+)\}|(\w))/.exec(rest);
    if (property !== null) {
      this.#at += property[0].length;
      const test = unicodeTest(property[3] ?? property[4]!);
      if (test === undefined) throw this.#refuse(`invalid character class range: \\${property[0]}`);
      return (property[1] === 'P') !== (property[2] === '^') ? not(test) : test;
    }
    const hex = /^x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(rest);
    if (hex !== null) {
      this.#at += hex[0].length;
      return exactly(Number.parseInt(hex[1] ?? hex[2]!, 16));
    }
    const c = rest[0];
    if (c === undefined) throw this.#refuse('trailing backslash at end of expression');
    if (Object.hasOwn(shorthands, c)) {
      this.#at += 1;
      return shorthands[c]!;
    }
    if (Object.hasOwn(controls, c)) {
      this.#at += 1;
      return exactly(controls[c]!);
    }
    if (/[a-zA-Z0-9]/.test(c)) throw this.#refuse(`invalid escape sequence: \\${c}`);
    return exactly(this.#codePoint());
  }

  #class(): CharTest {
    const negated = this.#text[this.#at + 1] === '^';
    this.#at += negated ? 2 : 1;
    const tests: CharTest[] = [];
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw this.#refuse('missing closing ]');
      tests.push(this.#classItem());
    }
    this.#at += 1;
    const any: CharTest = (c) => tests.some((test) => test(c));
    const cased = this.#cased(any);
    return negated ? not(cased) : cased;
  }

  #classItem(): CharTest {
    const named = /^\[:(\^?)(\w+):\]/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (named !== null && Object.hasOwn(posix, named[2]!)) {
      this.#at += named[0].length;
      return named[1] === '^' ? not(posix[named[2]!]!) : posix[named[2]!]!;
    }
    const from = this.#classChar();
    if (typeof from !== 'number') return from;
    if (this.#text[this.#at] !== '-' || this.#text[this.#at + 1] === ']' || this.#text[this.#at + 1] === undefined) return exactly(from);
    this.#at += 1;
    const to = this.#classChar();
    if (typeof to !== 'number' || to < from) throw this.#refuse('invalid character class range');
    return (c) => c >= from && c <= to;
  }

  /** One character of a class, or what an escape stands for. */
  #classChar(): number | CharTest {
    if (this.#text[this.#at] !== '\\') return this.#codePoint();
    this.#at += 1;
    const c = this.#text[this.#at] ?? '';
    if (/[dDwWsSpP]/.test(c)) return this.#escapedChar();
    const hex = /^x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(this.#text.slice(this.#at, this.#at + 12));
    if (hex !== null) {
      this.#at += hex[0].length;
      return Number.parseInt(hex[1] ?? hex[2]!, 16);
    }
    if (Object.hasOwn(controls, c)) {
      this.#at += 1;
      return controls[c]!;
    }
    if (c === '' || /[a-zA-Z0-9]/.test(c)) throw this.#refuse(`invalid escape sequence: \\${c}`);
    return this.#codePoint();
  }

  #codePoint(): number {
    const code = this.#text.codePointAt(this.#at)!;
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #cased(test: CharTest): CharTest {
    if (!this.#flags.ignoreCase) return test;
    return (c) => {
      const char = String.fromCodePoint(c);
      return test(c) || test(char.toLowerCase().codePointAt(0)!) || test(char.toUpperCase().codePointAt(0)!);
    };
  }

  #refuse(problem: string): ParseError {
    return new ParseError(`error parsing regexp: ${problem}: \`${this.#text.slice(0, 200)}\` at character ${this.#at + 1}`);
  }
}

const exactly =
  (code: number): CharTest =>
  (c) =>
    c === code;

function withFlags(flags: Flags, letters: string, on: boolean): Flags {
  return {
    ignoreCase: letters.includes('i') ? on : flags.ignoreCase,
    multiline: letters.includes('m') ? on : flags.multiline,
    dotAll: letters.includes('s') ? on : flags.dotAll,
  };
}

/** `L`, `Lu`, `Greek`: one character at a time, so that nothing can be made slow with it. */
function unicodeTest(name: string): CharTest | undefined {
  for (const property of [name, `Script=${name}`]) {
    try {
      const pattern = new RegExp(`^\\p{${property}}$`, 'u');
      return (c) => pattern.test(String.fromCodePoint(c));
    } catch {
      continue;
    }
  }
  return undefined;
}
