import { apiVersionOf, type KindDescriptor } from '../api/kind.ts';
import type { StoredObject } from '../api/object.ts';
import type { Registry } from '../api/registry.ts';
import { selectedBy } from '../api/selection.ts';
import type { Clock } from '../env/clock.ts';
import { ApiError, CompactedError, ExpiredError } from '../errors.ts';
import type { StoreEntry, StoreList } from '../stores/store.ts';
import type { Exchange } from './exchange.ts';
import { encodeContinue, selectionOf, tooOldToContinue, unreadableSelector, type ListParameters } from './list-query.ts';
import type { ObjectJson } from './object-json.ts';
import { includeObjectOf, isAList, partialOf, tableOf } from './rendering.ts';

export interface ListEnv {
  readonly registry: Registry;
  readonly json: ObjectJson;
  readonly clock: Clock;
}

interface Page {
  readonly objects: readonly StoredObject[];
  readonly meta: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
}

/** Answers a list: at one revision, page by page, in the rendering that was asked for. */
export async function handleList(
  env: ListEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  namespace: string | undefined,
  parameters: ListParameters,
): Promise<void> {
  const { objects, meta } = await readPage(env, kind, namespace, parameters);
  const { rendering } = exchange;
  if (rendering.as === 'Table') {
    const include = includeObjectOf(exchange.query);
    exchange.object(200, tableOf(kind, objects, meta, rendering.version, include, env.clock.now()));
  } else if (rendering.as === 'PartialObjectMetadata') throw isAList(kind);
  else if (rendering.as === 'PartialObjectMetadataList') {
    exchange.object(200, {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${rendering.version}`,
      metadata: meta,
      items: objects.map((object) => partialOf(object, rendering.version)),
    });
  } else {
    const head = JSON.stringify({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata: meta });
    exchange.json(200, `${head.slice(0, -1)},"items":[${objects.map((object) => env.json.item(object)).join(',')}]}`);
  }
}

/** One page of a list. */
export async function readPage(
  env: ListEnv,
  kind: KindDescriptor,
  namespace: string | undefined,
  parameters: ListParameters,
): Promise<Page> {
  const { limit, continueAt } = parameters;
  const exact = parameters.resourceVersionMatch === 'Exact' ? Number(parameters.resourceVersion) : undefined;
  const revision = continueAt?.revision ?? exact;
  let selected: (object: StoredObject) => boolean;
  try {
    selected = selectedBy(kind, selectionOf(parameters, namespace));
  } catch (error) {
    throw unreadableSelector(error);
  }
  if (exact !== undefined) requireReached(exact, await env.registry.head());
  const filtered = parameters.labelSelector !== undefined || parameters.fieldSelector !== undefined;
  const taken: StoreEntry[] = [];
  let after = continueAt?.after;
  for (;;) {
    const want = limit === undefined ? undefined : limit - taken.length;
    const page: StoreList = await env.registry
      .list(kind, namespace, {
        ...(revision === undefined ? {} : { revision }),
        ...(want === undefined ? {} : { limit: filtered ? Math.max(want, 500) : want }),
        ...(after === undefined ? {} : { after }),
      })
      .catch((error: unknown) => {
        if (error instanceof CompactedError)
          throw continueAt === undefined ? new ExpiredError('The provided resource version is too old.') : tooOldToContinue();
        throw error;
      });
    if (revision === undefined) requireReached(Number(parameters.resourceVersion), page.revision);
    let cut = false;
    for (const entry of page.entries) {
      if (filtered && !selected(env.json.as(kind, entry.value as StoredObject))) {
        after = entry.key;
        continue;
      }
      if (limit !== undefined && taken.length === limit) {
        cut = true;
        break;
      }
      taken.push(entry);
      after = entry.key;
    }
    const more = cut || page.more;
    const full = limit !== undefined && taken.length >= limit;
    if (!more || full || limit === undefined) return pageOf(env, kind, taken, page, more && full ? after : undefined, filtered);
  }
}

/** A client that has seen more than there is knows another history (a store that was restored): it is told to begin anew. */
function requireReached(wanted: number, current: number): void {
  if (wanted <= current) return;
  throw new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

function pageOf(
  env: ListEnv,
  kind: KindDescriptor,
  taken: readonly StoreEntry[],
  page: StoreList,
  after: string | undefined,
  filtered: boolean,
): Page {
  const objects = taken.map((entry) => env.json.as(kind, entry.value as StoredObject));
  const resourceVersion = String(page.revision);
  if (after === undefined) return { objects, meta: { resourceVersion } };
  const remaining = filtered || page.remaining === undefined ? {} : { remainingItemCount: page.remaining };
  return { objects, meta: { resourceVersion, continue: encodeContinue(page.revision, after), ...remaining } };
}
