import { Quantity } from '../../api/quantity.ts';

/** Exact amounts by the name of what is counted. */
export type ResourceAmounts = ReadonlyMap<string, Quantity>;

export const readAmounts = (list: Readonly<Record<string, string | number>> | undefined): ResourceAmounts =>
  new Map(Object.entries(list ?? {}).map(([name, text]) => [name, Quantity.parse(text)]));

/** As it stands in a status: names in order, canonical texts. */
export const writeAmounts = (amounts: ResourceAmounts): Record<string, string> =>
  Object.fromEntries([...amounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => [name, amount.toString()]));

export function addAmounts(into: Map<string, Quantity>, more: ResourceAmounts): void {
  for (const [name, amount] of more) into.set(name, into.get(name)?.add(amount) ?? amount);
}

/** Only those of `names`. */
export const maskAmounts = (amounts: ResourceAmounts, names: ReadonlySet<string> | ReadonlyMap<string, unknown>): Map<string, Quantity> =>
  new Map([...amounts].filter(([name]) => names.has(name)));

/** `cpu=1,pods=3`: as error messages show them. */
export const amountsText = (amounts: ResourceAmounts): string =>
  Object.entries(writeAmounts(amounts))
    .map(([name, text]) => `${name}=${text}`)
    .join(',');
