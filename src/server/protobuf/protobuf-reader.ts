import { protobufFields } from '../../api/generated/protobuf-fields.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { FieldSchema, ScalarType, SchemaTable } from '../../api/schema.ts';
import { formatTime } from '../../api/time.ts';
import { ParseError } from '../../errors.ts';
import { WireReader, type WireField } from './wire-reader.ts';

/** What the number of a field stands for: a field of the model, or a message whose fields are the model's own. */
type Target = { readonly name: string; readonly schema: FieldSchema } | { readonly embedded: string };

const magic = Buffer.from('k8s\0', 'latin1');
const depthMax = 200;

/** Reads request bodies in Kubernetes' protobuf encoding as the JSON values they stand for: clients of Kubernetes 1.33 send them. */
export class ProtobufReader {
  readonly #table: SchemaTable;
  readonly #targets = new Map<string, ReadonlyMap<number, Target>>();
  #depth = 0;

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /**
   * The object in a body: of the kind given, or of the kind that it names itself (a Binding posted to a Pod). Throws `ParseError` for
   * what is no such message.
   */
  read(body: Buffer, kind: Pick<KindDescriptor, 'kind' | 'model'>): unknown {
    if (!body.subarray(0, magic.length).equals(magic)) throw new ParseError('provided data does not appear to be a protobuf message');
    this.#depth = 0;
    let apiVersion = '';
    let name = '';
    let raw: Buffer = Buffer.alloc(0);
    for (const { number, value } of new WireReader(body.subarray(magic.length)).fields()) {
      if (number === 2) raw = bytesOf(value);
      if (number !== 1) continue;
      for (const fact of new WireReader(bytesOf(value)).fields()) {
        if (fact.number === 1) apiVersion = textOf(fact.value);
        if (fact.number === 2) name = textOf(fact.value);
      }
    }
    const model = name === kind.kind || name === '' ? kind.model : name;
    if (!Object.hasOwn(protobufFields, model)) throw new ParseError(`there is no protobuf encoding of ${JSON.stringify(model)}`);
    return { ...(apiVersion === '' ? {} : { apiVersion }), ...(name === '' ? {} : { kind: name }), ...this.#model(model, model, raw) };
  }

  /** `owner` is the model whose schema the fields have: another one for a message that is embedded. */
  #model(model: string, owner: string, bytes: Buffer): Record<string, unknown> {
    if (++this.#depth > depthMax) throw new ParseError('exceeded max depth');
    const object: Record<string, unknown> = {};
    const targets = this.#targetsOf(model, owner);
    for (const field of new WireReader(bytes).fields()) {
      const target = targets.get(field.number);
      if (target === undefined) continue;
      if ('embedded' in target) Object.assign(object, this.#model(target.embedded, owner, bytesOf(field.value)));
      else this.#put(object, target.name, target.schema, field);
    }
    this.#depth--;
    return object;
  }

  #targetsOf(model: string, owner: string): ReadonlyMap<number, Target> {
    const key = `${owner}/${model}`;
    let targets = this.#targets.get(key);
    if (targets !== undefined) return targets;
    const schemas = this.#table.model(owner);
    const made = new Map<number, Target>();
    for (const entry of (protobufFields[model] ?? '').split(' ')) {
      const [name = '', number] = entry.split('=');
      const schema = schemas.get(name);
      if (name.startsWith('*')) made.set(Number(number), { embedded: name.slice(1) });
      else if (schema !== undefined) made.set(Number(number), { name, schema });
    }
    this.#targets.set(key, (targets = made));
    return targets;
  }

  #put(object: Record<string, unknown>, name: string, schema: FieldSchema, field: WireField): void {
    switch (schema.container) {
      case '':
        object[name] = this.#element(schema, field);
        return;
      case '[]': {
        const list = (object[name] ??= []) as unknown[];
        if (isPacked(schema, field)) list.push(...unpacked(field.value as Buffer));
        else list.push(this.#element(schema, field));
        return;
      }
      default: {
        const map = (object[name] ??= {}) as Record<string, unknown>;
        const [key, value] = this.#entry(schema, bytesOf(field.value));
        Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      }
    }
  }

  #entry(schema: FieldSchema, bytes: Buffer): readonly [string, unknown] {
    let key = '';
    let value: unknown = schema.container === '{}[]' ? [] : '';
    for (const field of new WireReader(bytes).fields()) {
      if (field.number === 1) key = textOf(field.value);
      if (field.number !== 2) continue;
      if (schema.container === '{}[]')
        value = [...new WireReader(bytesOf(field.value)).fields()].map((item) => this.#element(schema, item));
      else value = this.#element(schema, field);
    }
    return [key, value];
  }

  #element({ element }: FieldSchema, { value, fixed }: WireField): unknown {
    if (!('scalar' in element)) return this.#model(element.model, element.model, bytesOf(value));
    return readScalar[element.scalar](value, fixed);
  }
}

function bytesOf(value: bigint | Buffer): Buffer {
  if (typeof value === 'bigint') throw new ParseError('proto: wrong wireType');
  return value;
}

const textOf = (value: bigint | Buffer): string => bytesOf(value).toString('utf8');

function numberOf(value: bigint | Buffer): number {
  if (typeof value !== 'bigint') throw new ParseError('proto: wrong wireType');
  return Number(value);
}

const isPacked = ({ element }: FieldSchema, { value, fixed }: WireField): boolean =>
  typeof value !== 'bigint' && !fixed && 'scalar' in element && (element.scalar === 'int32' || element.scalar === 'int64');

function unpacked(bytes: Buffer): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.subarray(at).findIndex((byte) => byte < 0x80);
    if (end < 0) throw new ParseError('unexpected EOF');
    numbers.push(Number(new WireReader(bytes.subarray(at, at + end + 1)).varint()));
    at += end + 1;
  }
  return numbers;
}

/** The fields of a small message, by number. */
const fieldsOf = (value: bigint | Buffer): ReadonlyMap<number, bigint | Buffer> =>
  new Map([...new WireReader(bytesOf(value)).fields()].map((field) => [field.number, field.value] as const));

function timeOf(value: bigint | Buffer): { readonly seconds: number; readonly nanos: number } | undefined {
  const fields = fieldsOf(value);
  const seconds = numberOf(fields.get(1) ?? 0n);
  const nanos = numberOf(fields.get(2) ?? 0n);
  // An empty message is the time that is not set.
  return seconds === 0 && nanos === 0 ? undefined : { seconds, nanos };
}

function json(value: bigint | Buffer): unknown {
  const raw = fieldsOf(value).get(1);
  if (raw === undefined || raw.valueOf() === 0n) return undefined;
  const text = textOf(raw);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ParseError('the raw part of the message is no JSON', { cause: error });
  }
}

const readScalar: Readonly<Record<ScalarType, (value: bigint | Buffer, fixed: boolean) => unknown>> = {
  string: textOf,
  boolean: (value) => numberOf(value) !== 0,
  int32: numberOf,
  int64: numberOf,
  double: (value, fixed) => (fixed && typeof value !== 'bigint' && value.length === 8 ? value.readDoubleLE() : numberOf(value)),
  bytes: (value) => bytesOf(value).toString('base64'),
  quantity: (value) => textOf(fieldsOf(value).get(1) ?? Buffer.from('0')),
  'int-or-string': (value) => {
    const fields = fieldsOf(value);
    return numberOf(fields.get(1) ?? 0n) === 0 ? numberOf(fields.get(2) ?? 0n) : textOf(fields.get(3) ?? Buffer.alloc(0));
  },
  time: (value) => {
    const time = timeOf(value);
    return time === undefined ? undefined : formatTime(time.seconds * 1000);
  },
  'micro-time': (value) => {
    const time = timeOf(value);
    if (time === undefined) return undefined;
    const micros = String(Math.floor(time.nanos / 1000)).padStart(6, '0');
    return formatTime(time.seconds * 1000).replace('Z', `.${micros}Z`);
  },
  object: json,
};
