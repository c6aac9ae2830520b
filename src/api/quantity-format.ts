/** The notation of a quantity: `12M`, `12Mi` or `12e6`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

const nanoPerOne = 1_000_000_000n;
const decimalSuffixes: ReadonlyMap<number, string> = new Map([
  [-9, 'n'],
  [-6, 'u'],
  [-3, 'm'],
  [0, ''],
  [3, 'k'],
  [6, 'M'],
  [9, 'G'],
  [12, 'T'],
  [15, 'P'],
  [18, 'E'],
]);
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

function decimalText(nano: bigint, format: QuantityFormat): string {
  let mantissa = nano;
  let exponent = -9;
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (exponent === 0) return mantissa.toString();
  const suffix = format === 'DecimalExponent' ? undefined : decimalSuffixes.get(exponent);
  return `${mantissa}${suffix ?? `e${exponent}`}`;
}

function binaryText(value: bigint): string {
  let mantissa = value;
  let step = 0;
  while (step < binarySuffixes.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    step += 1;
  }
  return `${mantissa}${binarySuffixes[step]}`;
}

/**
 * The canonical text: no fraction, the largest suffix that loses nothing. A binary quantity below 1024, or with a fraction, is
 * written decimally, so that nothing is rounded away.
 */
export function formatNano(nano: bigint, format: QuantityFormat): string {
  if (nano === 0n) return '0';
  if (format !== 'BinarySI') return decimalText(nano, format);
  const whole = nano / nanoPerOne;
  const small = nano > -1024n * nanoPerOne && nano < 1024n * nanoPerOne;
  if (small || whole * nanoPerOne !== nano) return decimalText(nano, 'DecimalSI');
  return binaryText(whole);
}
