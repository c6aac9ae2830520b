import { ConfigurationError } from '../errors.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a text such as `5m`, `1h30m`, `500ms`, `1.5s`. Throws `ConfigurationError` for anything else. */
export function parseDuration(text: string): number {
  let total = 0;
  let rest = text.trim();
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/.exec(rest);
    if (match === null) throw new ConfigurationError(`expected a duration such as 5m, 1h30m or 500ms, found ${JSON.stringify(text)}`);
    total += Number(match[1]) * unitMs[match[2]!]!;
    rest = rest.slice(match[0].length);
  }
  return total;
}
