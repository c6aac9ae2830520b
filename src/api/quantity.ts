import { ParseError } from '../errors.ts';
import { formatNano } from './quantity-format.ts';
import type { QuantityFormat } from './quantity-format.ts';

const nanoPerOne = 1_000_000_000n;
const nanoPerMilli = 1_000_000n;
/** A binary quantity is cut at 2^63-1, as Kubernetes does. */
const binaryNanoMax = (2n ** 63n - 1n) * nanoPerOne;
/** Limits of ours, far above every real value: they keep one hostile field from costing seconds of BigInt arithmetic. */
const textLengthMax = 256;
const exponentMax = 256;

const notation = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongNumber = 'unable to parse numeric part of quantity';
const wrongSuffix = "unable to parse quantity's suffix";

interface Suffix {
  readonly format: QuantityFormat;
  readonly exponent: number;
}

function readSuffix(text: string): Suffix {
  const decimal = Object.hasOwn(decimalExponents, text) ? decimalExponents[text] : undefined;
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal };
  const binary = Object.hasOwn(binaryExponents, text) ? binaryExponents[text] : undefined;
  if (binary !== undefined) return { format: 'BinarySI', exponent: binary };
  if (!/^[eE][+-]?[0-9]+$/.test(text)) throw new ParseError(wrongSuffix);
  const exponent = Number(text.slice(1));
  if (exponent > exponentMax) throw new ParseError(`${wrongSuffix}: exponents above ${exponentMax} are not supported`);
  return { format: 'DecimalExponent', exponent: Math.max(exponent, -2 * exponentMax) };
}

/** Divides and rounds away from zero: whoever asks for a little gets a little, never nothing. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (quotient * by === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** Kubernetes keeps the text of a number that is canonical by a quick look; so `1E3` and `33.333` come back as they were written. */
function keepsText(suffix: Suffix, digits: string, fraction: string): boolean {
  if (suffix.format === 'BinarySI') {
    const fits = fraction === '' && 14 - digits.length - Math.trunc((suffix.exponent * 3) / 10) >= 0;
    return fits && Number(digits) % 8 !== 0;
  }
  const shifted = digits + fraction;
  const scale = suffix.exponent - fraction.length;
  return shifted.length <= 18 && scale >= -9 && scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
}

/**
 * A Kubernetes quantity: an exact number, kept to a billionth, with the notation it is written in.
 * Immutable. Reads every notation (`500m`, `1Gi`, `1e3`, `1.5E`, `12e-1`, `+1`, `.5`) and writes Kubernetes' canonical form.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 *
 * @example
 * Quantity.parse('1.5Gi').toString(); // '1536Mi'
 * Quantity.parse('250m').add(Quantity.parse('1')).toMilli(); // 1250
 */
export class Quantity {
  /** The value in billionths. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
  #text: string | undefined;
  #milli: number | undefined;

  private constructor(nano: bigint, format: QuantityFormat, text?: string) {
    this.nano = nano;
    this.format = format;
    this.#text = text;
  }

  /** Reads a quantity; throws a {@link ParseError} in Kubernetes' words. A number is read as its decimal text. */
  static parse(input: string | number): Quantity {
    const text = (typeof input === 'number' ? String(input) : input).trim();
    const match = text === '' ? null : notation.exec(text);
    if (match === null) throw new ParseError(wrongFormat);
    if (text.length > textLengthMax) throw new ParseError(`${wrongNumber}: longer than ${textLengthMax} characters`);
    const negative = match[1] === '-';
    const digits = match[2] === '' ? '0' : match[2]!;
    const fraction = match[3] ?? '';
    const suffix = readSuffix(match[4]!);
    const unscaled = BigInt(digits + fraction);
    const [nano, format] =
      suffix.format === 'BinarySI' ? binaryNano(unscaled, fraction.length, suffix) : decimalNano(unscaled, fraction.length, suffix);
    return new Quantity(negative ? -nano : nano, format, keepsText(suffix, digits, fraction) ? text : undefined);
  }

  /** `value` whole units. */
  static of(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(value) * nanoPerOne, format);
  }

  /** `milli` thousandths: `Quantity.ofMilli(1500)` is `1500m`. */
  static ofMilli(milli: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(milli) * nanoPerMilli, format);
  }

  /** -1, 0 or 1, as for a sort. */
  compare(other: Quantity): -1 | 0 | 1 {
    return this.nano < other.nano ? -1 : this.nano > other.nano ? 1 : 0;
  }

  equals(other: Quantity): boolean {
    return this.nano === other.nano;
  }

  get isZero(): boolean {
    return this.nano === 0n;
  }

  get isNegative(): boolean {
    return this.nano < 0n;
  }

  /** True if the value is a whole number of units. */
  get isInteger(): boolean {
    return this.nano % nanoPerOne === 0n;
  }

  /** The sum, in this one's notation (in the other's if this is zero). */
  add(other: Quantity): Quantity {
    return new Quantity(this.nano + other.nano, this.isZero ? other.format : this.format);
  }

  /** The difference, in this one's notation (in the other's if this is zero). */
  sub(other: Quantity): Quantity {
    return new Quantity(this.nano - other.nano, this.isZero ? other.format : this.format);
  }

  negate(): Quantity {
    return new Quantity(-this.nano, this.format);
  }

  /** Times a whole number. */
  multiply(factor: number | bigint): Quantity {
    return new Quantity(this.nano * BigInt(factor), this.format);
  }

  /** Rounded away from zero to thousandths, which is all the API keeps of a resource amount. */
  roundUpToMilli(): Quantity {
    if (this.nano % nanoPerMilli === 0n) return this;
    return new Quantity(divideUp(this.nano, nanoPerMilli) * nanoPerMilli, this.format);
  }

  /** Thousandths, rounded away from zero; exact up to 2^53. */
  toMilli(): number {
    return (this.#milli ??= Number(divideUp(this.nano, nanoPerMilli)));
  }

  /** Whole units, rounded away from zero; exact up to 2^53. */
  toInteger(): number {
    return Number(divideUp(this.nano, nanoPerOne));
  }

  /** The value as a JavaScript number, with its fraction. */
  toNumber(): number {
    const whole = this.nano / nanoPerOne;
    return Number(whole) + Number(this.nano - whole * nanoPerOne) / 1e9;
  }

  /** The canonical text. */
  toString(): string {
    return (this.#text ??= formatNano(this.nano, this.format));
  }

  toJSON(): string {
    return this.toString();
  }
}

function decimalNano(unscaled: bigint, places: number, suffix: Suffix): [bigint, QuantityFormat] {
  const power = suffix.exponent - places + 9;
  const nano = power >= 0 ? unscaled * 10n ** BigInt(power) : divideUp(unscaled, 10n ** BigInt(-power));
  return [nano, suffix.format];
}

function binaryNano(unscaled: bigint, places: number, suffix: Suffix): [bigint, QuantityFormat] {
  const nano = divideUp(unscaled * 2n ** BigInt(suffix.exponent) * nanoPerOne, 10n ** BigInt(places));
  if (nano > binaryNanoMax) return [binaryNanoMax, 'BinarySI'];
  return [nano, nano > 0n && nano < nanoPerOne ? 'DecimalSI' : 'BinarySI'];
}
