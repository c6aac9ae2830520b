import { once } from 'node:events';
import type { ObjectName } from '../../api/object.ts';
import type { LogOptions, PodStreams } from '../../api/streams.ts';
import { FieldErrors } from '../../api/field-errors.ts';
import { invalid } from '../../api/status-errors.ts';
import { BadRequestError } from '../../errors.ts';
import type { Clock } from '../../env/clock.ts';
import type { Exchange } from '../exchange.ts';
import { LogStamper } from './log-stamper.ts';

/** Answers `pods/log`. The log goes out as it comes, and no faster than the client reads. */
export async function handleLog(
  env: { readonly streams: PodStreams; readonly clock: Clock; readonly closing: AbortSignal },
  exchange: Exchange,
  at: ObjectName,
): Promise<void> {
  const { response, query } = exchange;
  const left = new AbortController();
  const leave = (): void => left.abort();
  const options = logOptions(exchange, env.clock.now());
  const container = query.get('container') ?? '';
  const chunks = env.streams.logs(at, {
    ...options,
    ...(container === '' ? {} : { container }),
    previous: exchange.flag('previous'),
    signal: left.signal,
  });
  response.once('close', leave);
  env.closing.addEventListener('abort', leave, { once: true });
  try {
    const iterator = chunks[Symbol.asyncIterator]();
    // What cannot be read at all is answered with a Status; a log that is followed may be silent for long.
    const first = options.follow === true ? undefined : await iterator.next();
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    const stamper = exchange.flag('timestamps') ? new LogStamper() : undefined;
    for (let next = first ?? (await iterator.next()); next.done !== true; next = await iterator.next()) {
      const data = stamper === undefined ? next.value.data : stamper.stamp(next.value);
      if (response.destroyed) return;
      if (data.length > 0 && !response.write(data)) await Promise.race([once(response, 'drain'), once(left.signal, 'abort')]);
    }
    const rest = stamper?.rest();
    if (rest !== undefined && !response.destroyed) response.write(rest);
  } finally {
    env.closing.removeEventListener('abort', leave);
    if (response.headersSent && !response.destroyed) response.end();
  }
}

function logOptions(exchange: Exchange, now: number): LogOptions {
  const { query } = exchange;
  const errors = new FieldErrors();
  const tailLines = numberOf(query, 'tailLines', 0, 'must be greater than or equal to 0', errors);
  const limitBytes = numberOf(query, 'limitBytes', 1, 'must be greater than 0', errors);
  const sinceSeconds = numberOf(query, 'sinceSeconds', 1, 'must be greater than 0', errors);
  const sinceTime = query.get('sinceTime') ?? '';
  if (sinceSeconds !== undefined && sinceTime !== '') errors.forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (errors.causes.length > 0) throw invalid({ group: '', plural: 'pods', kind: 'PodLogOptions' }, '', errors);
  const since = sinceTime === '' ? undefined : Date.parse(sinceTime);
  if (since !== undefined && Number.isNaN(since))
    throw new BadRequestError(`sinceTime: expected a time such as 2026-01-02T15:04:05Z, got ${JSON.stringify(sinceTime)}`);
  const sinceMs = since ?? (sinceSeconds === undefined ? undefined : now - sinceSeconds * 1000);
  return {
    follow: exchange.flag('follow'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

function numberOf(query: URLSearchParams, name: string, least: number, rule: string, errors: FieldErrors): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw new BadRequestError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (value < least) errors.invalid(name, value, rule);
  return value;
}
