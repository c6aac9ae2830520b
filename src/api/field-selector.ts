import { BadRequestError, ParseError } from '../errors.ts';

/** One condition of a field selector. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Cuts at commas that no backslash precedes. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescaped(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  let result = '';
  for (let i = 0; i < value.length; i++) {
    const c = value[i]!;
    if (c === ',' || c === '=') throw new ParseError(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    if (c !== '\\') {
      result += c;
      continue;
    }
    const next = value[i + 1] ?? '';
    if (next !== '\\' && next !== ',' && next !== '=') throw new ParseError(`invalid field selector: invalid escape sequence: \\${next}`);
    result += next;
    i += 1;
  }
  return result;
}

function escaped(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

/**
 * A field selector: `=`, `==` and `!=` on a few fields. Immutable.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
 */
export class FieldSelector {
  static readonly everything: FieldSelector = new FieldSelector([]);

  readonly requirements: readonly FieldRequirement[];

  private constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  /** Reads `status.phase=Running,spec.nodeName!=`; throws a ParseError in Kubernetes' words. */
  static parse(text: string): FieldSelector {
    const requirements: FieldRequirement[] = [];
    for (const term of splitTerms(text)) {
      if (term === '') continue;
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
      if (match === null) throw new ParseError(`invalid selector: '${text}'; can't understand '${term}'`);
      requirements.push({ field: match[1]!, operator: match[2] === '!=' ? '!=' : '=', value: unescaped(match[3]!) });
    }
    return requirements.length === 0 ? FieldSelector.everything : new FieldSelector(requirements);
  }

  /** Throws the BadRequest Kubernetes gives for a field that cannot be selected by: `own` are those of the kind, besides metadata. */
  requireKnown(own: readonly string[]): void {
    for (const { field } of this.requirements) {
      if (field === 'metadata.name' || field === 'metadata.namespace' || own.includes(field)) continue;
      if (own.length > 0) throw new BadRequestError(`field label not supported: ${field}`);
      throw new BadRequestError(`${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
    }
  }

  get matchesEverything(): boolean {
    return this.requirements.length === 0;
  }

  /** The value a field must have, if the selector names one. */
  exactValue(field: string): string | undefined {
    return this.requirements.find((r) => r.field === field && r.operator === '=')?.value;
  }

  /** `read` gives the value of a field ('' where it is not set). */
  matches(read: (field: string) => string): boolean {
    for (const { field, operator, value } of this.requirements) {
      if ((read(field) === value) !== (operator === '=')) return false;
    }
    return true;
  }

  toString(): string {
    return this.requirements.map((r) => `${r.field}${r.operator}${escaped(r.value)}`).join(',');
  }
}
