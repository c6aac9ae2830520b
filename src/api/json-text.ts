import { ParseError } from '../errors.ts';

/** What a text of JSON says, and which fields it says twice. */
export interface JsonText {
  readonly value: unknown;
  /** Paths of keys that stood in one object before, as in `spec.replicas`; the last one counts. */
  readonly duplicateFields: readonly string[];
}

const duplicatesMax = 100;
const none: readonly string[] = Object.freeze([]);

/** Reads JSON; throws a {@link ParseError} in the words of Go's decoder, which clients of Kubernetes know. */
export function parseJsonText(text: string): JsonText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ParseError(new JsonScanner(text).problem() ?? (error as Error).message, { cause: error });
  }
  // A text that is written back as it came has no key twice; those of most programs are.
  return { value, duplicateFields: isWrittenBack(value, text) ? none : new JsonScanner(text).duplicates() };
}

/** A shortcut only: what nests deeper than the engine can write counts as different. */
function isWrittenBack(value: unknown, text: string): boolean {
  try {
    return JSON.stringify(value) === text.trimEnd();
  } catch {
    return false;
  }
}

interface Container {
  readonly keys: Set<string> | undefined;
  /** The key or index at work. */
  step: string | number;
}

/** Walks over a text without recursion: as deep as a text is, no stack overflows. */
class JsonScanner {
  readonly #text: string;
  readonly #duplicates: string[] = [];
  readonly #stack: Container[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** What is wrong with the text; undefined if nothing is. */
  problem(): string | undefined {
    try {
      this.#scan();
      return undefined;
    } catch (error) {
      if (error instanceof ParseError) return error.message;
      throw error;
    }
  }

  duplicates(): readonly string[] {
    this.#scan();
    return this.#duplicates;
  }

  #scan(): void {
    this.#value();
    while (this.#stack.length > 0) this.#next();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
  }

  /** Goes on in the innermost container: the next element, or its end. */
  #next(): void {
    const container = this.#stack.at(-1)!;
    const isObject = container.keys !== undefined;
    const close = isObject ? '}' : ']';
    this.#space();
    const first = container.step === -1 || container.step === '';
    if (first && this.#text[this.#at] === close) return this.#leave();
    if (!first) {
      const c = this.#text[this.#at];
      if (c === close) return this.#leave();
      if (c !== ',') throw this.#unexpected(isObject ? 'after object key:value pair' : 'after array element');
      this.#at += 1;
    }
    if (isObject) this.#key(container);
    else container.step = (container.step as number) + 1;
    this.#value();
  }

  #leave(): void {
    this.#at += 1;
    this.#stack.pop();
  }

  #key(container: Container): void {
    this.#space();
    if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
    const start = this.#at;
    this.#string();
    const raw = this.#text.slice(start + 1, this.#at - 1);
    const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
    container.step = key === '' ? ' ' : key;
    if (container.keys!.has(key) && this.#duplicates.length < duplicatesMax) this.#duplicates.push(this.#path());
    container.keys!.add(key);
    this.#space();
    if (this.#text[this.#at] !== ':') throw this.#unexpected('after object key');
    this.#at += 1;
  }

  #path(): string {
    let path = '';
    for (const { step } of this.#stack) path += typeof step === 'number' ? `[${step}]` : path === '' ? step : `.${step}`;
    return path;
  }

  /** A value; of a container only its beginning. */
  #value(): void {
    this.#space();
    const c = this.#text[this.#at];
    if (c === '{' || c === '[') {
      this.#at += 1;
      this.#stack.push(c === '{' ? { keys: new Set(), step: '' } : { keys: undefined, step: -1 });
    } else if (c === '"') this.#string();
    else if (c === 't') this.#literal('true');
    else if (c === 'f') this.#literal('false');
    else if (c === 'n') this.#literal('null');
    else if (c !== undefined && /[-0-9]/.test(c)) this.#number();
    else throw this.#unexpected('looking for beginning of value');
  }

  #literal(word: string): void {
    for (let i = 0; i < word.length; i += 1, this.#at += 1) {
      if (this.#text[this.#at] !== word[i]) throw this.#unexpected(`in literal ${word} (expecting '${word[i]}')`);
    }
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at += 1;
    if (this.#text[this.#at] === '0') this.#at += 1;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at += 1;
      this.#digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at += 1;
      if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
      this.#digits('in exponent of numeric literal');
    }
  }

  #digits(where: string): void {
    const start = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at += 1;
    if (this.#at === start) throw this.#unexpected(where);
  }

  #string(): void {
    for (this.#at += 1; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      if (code < 0x20 || Number.isNaN(code)) throw this.#unexpected('in string literal');
      if (code !== 0x5c) continue;
      this.#at += 1;
      const escape = this.#text[this.#at];
      if (escape === 'u') this.#hex();
      else if (escape === undefined || !'"\\/bfnrt'.includes(escape)) throw this.#unexpected('in string escape code');
    }
    this.#at += 1;
  }

  #hex(): void {
    for (let i = 0; i < 4; i += 1) {
      this.#at += 1;
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) throw this.#unexpected('in \\u hexadecimal character escape');
    }
  }

  #space(): void {
    for (; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #unexpected(where: string): ParseError {
    const c = this.#text[this.#at];
    if (c === undefined) return new ParseError('unexpected end of JSON input');
    const shown = c === "'" ? "'\\''" : c === '"' ? `'"'` : `'${JSON.stringify(c).slice(1, -1)}'`;
    return new ParseError(`invalid character ${shown} ${where}`);
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
