import type { KindDescriptor } from '../../api/kind.ts';
import type { PodStreams } from '../../api/streams.ts';
import { methodNotAllowed } from '../../api/status-errors.ts';
import type { Clock } from '../../env/clock.ts';
import { BadRequestError } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestPath } from '../request-path.ts';
import { handleLog } from './log-handler.ts';

const upgraded: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);

/** What these subresources work with. */
export interface StreamEnv {
  readonly streams: PodStreams;
  readonly clock: Clock;
  readonly closing: AbortSignal;
}

/** Answers `pods/log`, and says of exec, attach and portforward that they need an upgrade; false for every other subresource. */
export async function handleStreamSubresource(
  env: StreamEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  path: Extract<RequestPath, { type: 'resource' }>,
): Promise<boolean> {
  if (kind.group !== '' || kind.kind !== 'Pod' || path.name === undefined) return false;
  if (upgraded.has(path.subresource)) throw new BadRequestError('Upgrade request required');
  if (path.subresource !== 'log') return false;
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed(kind, (method ?? '').toLowerCase());
  await handleLog(env, exchange, { namespace: path.namespace, name: path.name });
  return true;
}
