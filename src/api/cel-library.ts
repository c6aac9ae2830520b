import type { Environment } from '@marcbachmann/cel-js';
import { LinearRegExp } from './linear-regexp.ts';
import { Quantity } from './quantity.ts';

/** A quantity in an expression. */
class CelQuantity {
  readonly value: Quantity;

  constructor(value: Quantity) {
    this.value = value;
  }
}

function isQuantity(text: string): boolean {
  try {
    Quantity.parse(text);
    return true;
  } catch {
    return false;
  }
}

type Sortable = bigint | number | string | boolean;

function isSorted(list: readonly Sortable[]): boolean {
  return list.every((item, i) => i === 0 || list[i - 1]! <= item);
}

function best(list: readonly Sortable[], wins: (a: Sortable, b: Sortable) => boolean): Sortable {
  if (list.length === 0) throw new RangeError('min and max need a list with something in it');
  return list.reduce((a, b) => (wins(b, a) ? b : a));
}

function sum(list: readonly (bigint | number)[]): bigint | number {
  if (list.every((item) => typeof item === 'bigint')) return list.reduce<bigint>((a, b) => a + b, 0n);
  return list.reduce<number>((a, b) => a + Number(b), 0);
}

function registerQuantities(env: Environment): void {
  env.registerType('kubernetes.Quantity', { ctor: CelQuantity, fields: {} });
  env.registerFunction('quantity(string): kubernetes.Quantity', (text: string) => new CelQuantity(Quantity.parse(text)));
  env.registerFunction('isQuantity(string): bool', isQuantity);
  const method = (signature: string, handler: (self: CelQuantity, other: CelQuantity) => unknown): void => {
    env.registerFunction(`kubernetes.Quantity.${signature}`, handler);
  };
  method('isGreaterThan(kubernetes.Quantity): bool', (a, b) => a.value.compare(b.value) > 0);
  method('isLessThan(kubernetes.Quantity): bool', (a, b) => a.value.compare(b.value) < 0);
  method('compareTo(kubernetes.Quantity): int', (a, b) => BigInt(a.value.compare(b.value)));
  method('add(kubernetes.Quantity): kubernetes.Quantity', (a, b) => new CelQuantity(a.value.add(b.value)));
  method('sub(kubernetes.Quantity): kubernetes.Quantity', (a, b) => new CelQuantity(a.value.sub(b.value)));
  method('sign(): int', (a) => BigInt(a.value.isZero ? 0 : a.value.isNegative ? -1 : 1));
  method('isInteger(): bool', (a) => a.value.isInteger);
  method('asInteger(): int', (a) => BigInt(a.value.toInteger()));
  method('asApproximateFloat(): double', (a) => a.value.toNumber());
}

/** The functions Kubernetes adds to CEL: lists, regular expressions, quantities, URLs. */
export function registerKubernetesLibrary(env: Environment): void {
  registerQuantities(env);
  env.registerFunction('string.linearMatches(string): bool', (text: string, pattern: string) => LinearRegExp.compile(pattern).test(text));
  env.registerFunction('list<dyn>.isSorted(): bool', isSorted);
  env.registerFunction('list<dyn>.sum(): dyn', sum);
  env.registerFunction('list<dyn>.min(): dyn', (list: readonly Sortable[]) => best(list, (a, b) => a < b));
  env.registerFunction('list<dyn>.max(): dyn', (list: readonly Sortable[]) => best(list, (a, b) => a > b));
  env.registerFunction('list<dyn>.indexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.indexOf(item)));
  env.registerFunction('list<dyn>.lastIndexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.lastIndexOf(item)));
  env.registerFunction('isURL(string): bool', (text: string) => URL.canParse(text));
}
