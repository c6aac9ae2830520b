import { parseAllDocuments, stringify } from 'yaml';
import type { Document, ScalarTag, YAMLError } from 'yaml';
import { ParseError } from '../errors.ts';
import { isShallow } from './json-values.ts';

/*
 * The one door for YAML. It is heavy: whoever may not need it imports this file with `await import('./yaml.ts')`.
 *
 * Kubernetes reads YAML 1.1 scalars the way go-yaml does: `yes`, `on` and `y` are true, `0644` is octal, `1_000` a number,
 * `1e3` without a sign a string, dates are strings, and every key becomes a string.
 */

const nullTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:null',
  default: true,
  test: /^(?:~|[Nn]ull|NULL)?$/,
  resolve: () => null,
  stringify: () => 'null',
  identify: (v) => v === null,
};
const boolTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:[yY]|[yY]es|YES|[tT]rue|TRUE|[oO]n|ON|[nN]|[nN]o|NO|[fF]alse|FALSE|[oO]ff|OFF)$/,
  resolve: (text) => /^(?:y|t|on$)/i.test(text),
  identify: (v) => typeof v === 'boolean',
};
const intTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$/,
  resolve: (text) => readInteger(text.replaceAll('_', '')),
  identify: (v) => Number.isInteger(v),
};
const floatTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+][0-9]+)?$/,
  resolve: (text) => Number(text.replaceAll('_', '')),
  identify: (v) => typeof v === 'number',
};

const tags = [nullTag, boolTag, intTag, floatTag];

function readInteger(text: string): number {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const value = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return negative ? -value : value;
}

/** One document of a text. */
export interface YamlDocument {
  /** JSON: objects, lists, strings, numbers, booleans, null. */
  readonly value: unknown;
  /** The line of the text it begins in, from 1. */
  readonly line: number;
  /** Keys that stood twice in a map, in go-yaml's words; the last one counts. */
  readonly duplicateKeys: readonly string[];
}

/**
 * Reads a text of any number of documents; empty ones are left out. Throws a {@link ParseError} that says line and column. JSON is
 * YAML too.
 */
export function parseYamlDocuments(text: string): readonly YamlDocument[] {
  const documents: YamlDocument[] = [];
  for (const document of parsed(text)) {
    const failure = document.errors.find((error) => error.code !== 'DUPLICATE_KEY');
    if (failure !== undefined) throw /call stack/.test(failure.message) ? tooDeep(failure) : parseError(text, failure);
    const value: unknown = valueOf(document);
    if (value === null || value === undefined) continue;
    documents.push({
      value,
      line: lineOf(text, document.contents?.range?.[0] ?? 0),
      duplicateKeys: document.errors.map((error) => duplicate(text, error)),
    });
  }
  return documents;
}

/** Reads a text of one document; tells of keys that stand twice, of which the last one counts. */
export type ReadYaml = (text: string, onDuplicateKey?: (words: string) => void) => unknown;

/** Reads a text of one document; a ParseError for more. Nothing is null. */
export function parseYaml(text: string, onDuplicateKey?: (words: string) => void): unknown {
  const documents = parseYamlDocuments(text);
  if (onDuplicateKey !== undefined) for (const words of documents[0]?.duplicateKeys ?? []) onDuplicateKey(words);
  if (documents.length > 1) throw new ParseError(`yaml: line ${documents[1]!.line}: expected one document, found ${documents.length}`);
  return documents[0]?.value ?? null;
}

/** Writes a value so that Kubernetes (and every older YAML reader) reads it back as it is. */
export function formatYaml(value: unknown): string {
  return stringify(value, { schema: 'failsafe', customTags: tags, compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

const tooDeep = (cause?: unknown): ParseError => new ParseError('yaml: exceeded max depth', { cause });

function parsed(text: string): readonly Document.Parsed[] {
  try {
    return parseAllDocuments(text, {
      schema: 'failsafe',
      merge: true,
      customTags: (all) => [...all, ...tags],
      logLevel: 'error',
    }) as Document.Parsed[];
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(error);
    throw error;
  }
}

function valueOf(document: Document.Parsed): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ParseError(`yaml: ${(error as Error).message}`, { cause: error });
  }
  if (!isShallow(value)) throw tooDeep();
  return value;
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

function parseError(text: string, error: YAMLError): ParseError {
  const at = error.pos[0];
  const column = at - text.lastIndexOf('\n', at - 1);
  const what = error.message.split(' at line ')[0]!.split('\n')[0]!;
  return new ParseError(`yaml: line ${lineOf(text, at)}, column ${column}: ${what}`, { cause: error });
}

function duplicate(text: string, error: YAMLError): string {
  const key = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
  return `line ${lineOf(text, error.pos[0])}: key ${JSON.stringify(key.replace(/^["']|["']$/g, ''))} already set in map`;
}
