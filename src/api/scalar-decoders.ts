import { ParseError } from '../errors.ts';
import { isShallow } from './json-values.ts';
import { QuantityCache } from './quantity-cache.ts';
import type { ScalarType } from './schema.ts';
import type { StructureReport } from './structure-report.ts';
import { canonicalMicroTime, canonicalTime } from './timestamps.ts';

/** Gives the value to store; undefined if the field is to be left out. */
export type Decode = (value: unknown, report: StructureReport) => unknown;

/** How Go calls the type, in messages. */
export const goTypes: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  quantity: 'resource.Quantity',
  'int-or-string': 'intstr.IntOrString',
  time: 'v1.Time',
  'micro-time': 'v1.MicroTime',
  bytes: '[]uint8',
  object: 'runtime.RawExtension',
};

/** What Go has where nothing was given; undefined: the field stays absent. */
export const zeroValues: Readonly<Record<ScalarType, string | number | boolean | undefined>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
  quantity: '0',
  'int-or-string': 0,
  time: undefined,
  'micro-time': undefined,
  bytes: undefined,
  object: undefined,
};

function decodeString(value: unknown, report: StructureReport): unknown {
  if (typeof value === 'string') return value;
  report.wrongType(value, 'string');
  return undefined;
}

function decodeBoolean(value: unknown, report: StructureReport): unknown {
  if (typeof value === 'boolean') return value;
  report.wrongType(value, 'bool');
  return undefined;
}

function integerDecoder(goType: string, min: number, max: number): Decode {
  return (value, report) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value;
    report.wrongType(value, goType);
    return undefined;
  };
}

const decodeInt32 = integerDecoder('int32', -(2 ** 31), 2 ** 31 - 1);

function decodeDouble(value: unknown, report: StructureReport): unknown {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  report.wrongType(value, 'float64');
  return undefined;
}

function decodeIntOrString(value: unknown, report: StructureReport): unknown {
  return typeof value === 'string' ? value : decodeInt32(value, report);
}

function timeDecoder(canonical: (text: string) => string | undefined, goType: string, layout: string): Decode {
  return (value, report) => {
    if (typeof value !== 'string') {
      report.wrongType(value, goType);
      return undefined;
    }
    const time = canonical(value);
    if (time === undefined)
      report.problem(`parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`);
    return time;
  };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeBytes(value: unknown, report: StructureReport): unknown {
  if (typeof value !== 'string') {
    report.wrongType(value, '[]uint8');
    return undefined;
  }
  const text = value.replace(/[\r\n]/g, '');
  if (base64.test(text)) return text;
  const at = /^[A-Za-z0-9+/]*/.exec(text)![0].length;
  report.problem(`illegal base64 data at input byte ${at === text.length ? at - (at % 4) : at}`);
  return undefined;
}

function decodeAny(value: unknown, report: StructureReport): unknown {
  if (isShallow(value)) return value;
  report.problem('json: exceeded max depth');
  return undefined;
}

export interface ScalarDecoders extends Readonly<Record<ScalarType, Decode>> {
  /** A quantity in a map of resources: Kubernetes keeps no more than thousandths of those. */
  readonly resourceAmount: Decode;
}

function quantityDecoder(text: (input: string | number) => string): Decode {
  return (value, report) => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      report.wrongType(value, 'resource.Quantity');
      return undefined;
    }
    try {
      return text(value);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      report.problem(error.message);
      return undefined;
    }
  };
}

/** The decoders of the scalar types. One set for each structure: the quantities it has met are remembered. */
export function scalarDecoders(): ScalarDecoders {
  const quantities = new QuantityCache();
  return {
    string: decodeString,
    boolean: decodeBoolean,
    int32: decodeInt32,
    int64: integerDecoder('int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    double: decodeDouble,
    quantity: quantityDecoder((input) => quantities.get(input).toString()),
    resourceAmount: quantityDecoder((input) => quantities.get(input).roundUpToMilli().toString()),
    'int-or-string': decodeIntOrString,
    time: timeDecoder(canonicalTime, 'v1.Time', '2006-01-02T15:04:05Z07:00'),
    'micro-time': timeDecoder(canonicalMicroTime, 'v1.MicroTime', '2006-01-02T15:04:05.000000Z07:00'),
    bytes: decodeBytes,
    object: decodeAny,
  };
}
