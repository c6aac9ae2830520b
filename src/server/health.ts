import type { Exchange } from './exchange.ts';

/** A part of the server that can be asked whether it is well; rejects if it is not. */
export type HealthCheck = () => void | Promise<unknown>;

const text = 'text/plain; charset=utf-8';

/**
 * Answers `/healthz`, `/livez` and `/readyz`: `ok`, with `?verbose` a line for each check, and a single check by its name below them;
 * `?exclude=` leaves one out. 500 if a check fails. What went wrong is for the log, not for whoever asks.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export async function answerHealth(exchange: Exchange, checks: Readonly<Record<string, HealthCheck>>): Promise<void> {
  const [, probe = '', single] = exchange.url.pathname.split('/');
  if (single !== undefined && single !== '' && !Object.hasOwn(checks, single)) return exchange.text(404, text, '404 page not found\n');
  const excluded = exchange.query.getAll('exclude');
  const asked = single === undefined || single === '' ? Object.keys(checks).filter((name) => !excluded.includes(name)) : [single];
  const lines: string[] = [];
  let failed = false;
  for (const name of asked) {
    const well = await passes(checks[name]!);
    failed ||= !well;
    lines.push(well ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  const report = [...lines, `${probe} check ${failed ? 'failed' : 'passed'}`, ''].join('\n');
  if (failed) return exchange.text(500, text, report);
  exchange.text(200, text, exchange.query.has('verbose') ? report : 'ok');
}

async function passes(check: HealthCheck): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}
