import { ParseError } from '../errors.ts';
import { labelRequirement } from './label-requirement.ts';
import type { LabelOperator, LabelRequirement } from './label-requirement.ts';

type Token = 'identifier' | 'end' | '!' | '!=' | '=' | '==' | '>' | '<' | '(' | ')' | ',' | 'in' | 'notin';

interface Lexeme {
  readonly token: Token;
  readonly text: string;
}

const symbols: ReadonlySet<string> = new Set(['!', '!=', '=', '==', '>', '<', '(', ')', ',']);
const operators: ReadonlyMap<Token, LabelOperator> = new Map([
  ['in', 'In'],
  ['notin', 'NotIn'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'Gt'],
  ['<', 'Lt'],
]);

/** Cuts a text into words and signs; of a run of signs the longest that mean something: `=!` is `=` and `!`. */
function scan(text: string): Lexeme[] {
  const lexemes: Lexeme[] = [];
  for (const [part] of text.matchAll(/==|!=|[=!><(),]|[^\s=!(),><]+/g)) {
    lexemes.push({ token: symbols.has(part) || part === 'in' || part === 'notin' ? (part as Token) : 'identifier', text: part });
  }
  lexemes.push({ token: 'end', text: '' });
  return lexemes;
}

function expected(found: Lexeme, what: string, separator = ','): ParseError {
  return new ParseError(`found '${found.text}'${separator} expected: ${what}`);
}

/** Reads the text of a label selector as Kubernetes' parser does, with its messages. */
class Parser {
  readonly #lexemes: readonly Lexeme[];
  #at = 0;

  constructor(text: string) {
    this.#lexemes = scan(text);
  }

  /** The next lexeme; where a value stands, `in` and `notin` are plain words. */
  #peek(asValue = true): Lexeme {
    const lexeme = this.#lexemes[Math.min(this.#at, this.#lexemes.length - 1)]!;
    return asValue && (lexeme.token === 'in' || lexeme.token === 'notin') ? { token: 'identifier', text: lexeme.text } : lexeme;
  }

  #take(asValue = true): Lexeme {
    const lexeme = this.#peek(asValue);
    this.#at += 1;
    return lexeme;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.token === 'end') return requirements;
      if (first.token !== 'identifier' && first.token !== '!') throw expected(first, "!, identifier, or 'end of string'");
      requirements.push(this.#requirement());
      const after = this.#take();
      if (after.token === 'end') return requirements;
      if (after.token !== ',') throw expected(after, "',' or 'end of string'");
      const next = this.#peek();
      if (next.token !== 'identifier' && next.token !== '!') throw expected(next, "identifier after ','");
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#condition();
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      throw new ParseError(`unable to parse requirement: ${error.message}`, { cause: error });
    }
  }

  #condition(): LabelRequirement {
    const negated = this.#peek().token === '!';
    if (negated) this.#take();
    const key = this.#take();
    if (key.token !== 'identifier') throw expected(key, 'identifier');
    if (negated) return labelRequirement(key.text, 'DoesNotExist');
    const next = this.#peek();
    if (next.token === 'end' || next.token === ',') return labelRequirement(key.text, 'Exists');
    const sign = this.#take(false);
    const operator = operators.get(sign.token);
    if (operator === undefined) throw expected(sign, "'=', '!=', '==', 'in', notin'");
    return labelRequirement(key.text, operator, operator === 'In' || operator === 'NotIn' ? this.#values() : [this.#exactValue()]);
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.token === 'end' || next.token === ',') return '';
    this.#take();
    if (next.token !== 'identifier') throw expected(next, 'identifier');
    return next.text;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.token !== '(') throw expected(open, "'('", '');
    const next = this.#peek();
    if (next.token === ')') {
      this.#take();
      return [''];
    }
    if (next.token !== 'identifier' && next.token !== ',') throw expected(next, "',', ')' or identifier");
    const values = this.#list();
    const close = this.#take();
    if (close.token !== ')') throw expected(close, "')'");
    return values;
  }

  /** Words with commas between them; nothing before, between or after commas is the empty value. */
  #list(): string[] {
    const values: string[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.token === 'identifier') {
        values.push(this.#take().text);
        const after = this.#peek();
        if (after.token === ')') return values;
        if (after.token !== ',') throw expected(after, "',' or ')'");
        this.#take();
        if (this.#peek().token === ')') return [...values, ''];
      } else if (next.token === ',') {
        this.#take();
        values.push('');
        if (this.#peek().token === ')') return values;
      } else {
        throw expected(next, "',', or identifier");
      }
    }
  }
}

/** The requirements a label selector's text names, in the order of their keys; throws a ParseError in Kubernetes' words. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  return new Parser(text).parse().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
