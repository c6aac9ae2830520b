import type { LimitRangeItem } from '../api/generated/models.ts';
import { Quantity } from '../api/quantity.ts';
import type { AmountTable } from '../kinds/pod/pod-amounts.ts';

/* The rules of a LimitRange, in Kubernetes' words. Source: https://kubernetes.io/docs/concepts/policy/limit-range/ */

export const amountTable = (list: Readonly<Record<string, string | number>> | undefined): AmountTable =>
  new Map(Object.entries(list ?? {}).map(([name, text]) => [name, Quantity.parse(text)]));

/** What is wrong with the amounts of a container or of a whole Pod. */
export function usageProblems(item: LimitRangeItem, requests: AmountTable, limits: AmountTable): readonly string[] {
  const each = (
    list: Readonly<Record<string, string | number>> | undefined,
    check: (name: string, enforced: Quantity) => string | undefined,
  ): string[] =>
    Object.keys(list ?? {})
      .sort()
      .flatMap((name) => check(name, Quantity.parse(list![name]!)) ?? []);
  return [
    ...each(item.min, (name, enforced) => belowMinimum(item.type, name, enforced, requests.get(name), limits.get(name))),
    ...each(item.max, (name, enforced) => aboveMaximum(item.type, name, enforced, requests.get(name), limits.get(name))),
    ...each(item.maxLimitRequestRatio, (name, enforced) => aboveRatio(item.type, name, enforced, requests.get(name), limits.get(name))),
  ];
}

/** What is wrong with the size of a claim. */
export function claimProblems(item: LimitRangeItem, requests: AmountTable): readonly string[] {
  const problems: string[] = [];
  for (const [name, text] of Object.entries(item.min ?? {})) {
    const problem = belowMinimum(item.type, name, Quantity.parse(text), requests.get(name), undefined);
    if (problem !== undefined) problems.push(problem);
  }
  for (const [name, text] of Object.entries(item.max ?? {})) {
    const enforced = Quantity.parse(text);
    const request = requests.get(name);
    const rule = `maximum ${name} usage per ${item.type} is ${enforced.toString()}`;
    if (request === undefined) problems.push(`${rule}.  No request is specified`);
    else if (request.compare(enforced) > 0) problems.push(`${rule}, but request is ${request.toString()}`);
  }
  return problems;
}

function belowMinimum(
  type: string,
  name: string,
  enforced: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const rule = `minimum ${name} usage per ${type} is ${enforced.toString()}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  if (request.compare(enforced) < 0) return `${rule}, but request is ${request.toString()}`;
  return limit !== undefined && limit.compare(enforced) < 0 ? `${rule}, but limit is ${limit.toString()}` : undefined;
}

function aboveMaximum(
  type: string,
  name: string,
  enforced: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${enforced.toString()}`;
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (limit.compare(enforced) > 0) return `${rule}, but limit is ${limit.toString()}`;
  return request !== undefined && request.compare(enforced) > 0 ? `${rule}, but request is ${request.toString()}` : undefined;
}

function aboveRatio(
  type: string,
  name: string,
  enforced: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const rule = `${name} max limit to request ratio per ${type} is ${enforced.toString()}`;
  if (request === undefined || request.isZero) return `${rule}, but no request is specified or request is 0`;
  if (limit === undefined || limit.isZero) return `${rule}, but no limit is specified or limit is 0`;
  // Compared exactly: limit > ratio x request.
  if (limit.nano * 1_000_000_000n <= enforced.nano * request.nano) return undefined;
  return `${rule}, but provided ratio is ${(limit.toNumber() / request.toNumber()).toFixed(6)}`;
}
