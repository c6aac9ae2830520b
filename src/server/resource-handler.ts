import type { DeleteOptions } from '../api/client.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { StoredObject } from '../api/object.ts';
import { selectedBy } from '../api/selection.ts';
import { methodNotAllowed, notFound } from '../api/status-errors.ts';
import { BadRequestError, NotFoundError } from '../errors.ts';
import { parseJson, readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { handleList, type ListEnv } from './list-handler.ts';
import { listParameters, selectionOf } from './list-query.ts';
import { readObject } from './object-body.ts';
import { readPatch } from './patch-body.ts';
import { partialOf, tableOf, includeObjectOf } from './rendering.ts';
import type { RequestPath } from './request-path.ts';
import { applyOptions, deleteOptions, writeOptions } from './write-options.ts';
import { WatchHandler } from './watch-handler.ts';

type ResourcePath = Extract<RequestPath, { type: 'resource' }>;

export interface ResourceEnv extends ListEnv {
  readonly kinds: KindIndex;
  readonly closing: AbortSignal;
  /** Subresources with a life of their own (log, exec, scale, ...); true if it answered. */
  readonly subresources: (exchange: Exchange, kind: KindDescriptor, path: ResourcePath) => Promise<boolean>;
  /** Bodies that are not JSON. */
  readonly parseYaml: (text: string) => unknown;
}

/** Answers requests for resources: the verbs over the registry. */
export async function handleResource(env: ResourceEnv, exchange: Exchange, path: ResourcePath): Promise<void> {
  const kind = env.kinds.byResource(path.group === '' ? path.version : `${path.group}/${path.version}`, path.resource);
  if (kind === undefined) throw unknownResource();
  if (path.namespace !== undefined && !kind.namespaced) throw unknownResource();
  if (path.subresource !== '' && path.subresource !== 'status' && path.subresource !== 'finalize') {
    if (await env.subresources(exchange, kind, path)) return;
    throw unknownResource();
  }
  if (path.subresource === 'status' && !kind.hasStatus) throw unknownResource();
  if (path.watch === true) exchange.query.set('watch', 'true');
  const method = exchange.request.method ?? 'GET';
  if (path.name === undefined) await handleCollection(env, exchange, kind, path, method);
  else await handleOne(env, exchange, kind, path, path.name, method);
}

const unknownResource = (): NotFoundError => new NotFoundError('the server could not find the requested resource', {});

async function handleCollection(
  env: ResourceEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  path: ResourcePath,
  method: string,
): Promise<void> {
  if (method === 'GET' || method === 'HEAD') {
    const parameters = listParameters(exchange.query);
    void exchange.rendering;
    if (parameters.watch) await new WatchHandler(env, exchange, kind, path.namespace, parameters).run(env.closing);
    else await handleList(env, exchange, kind, path.namespace, parameters);
    return;
  }
  if (method === 'POST') {
    if (kind.namespaced && path.namespace === undefined) throw methodNotAllowed(kind, 'create');
    const { object, duplicateFields } = await readObject(exchange, kind, path.namespace, env.parseYaml);
    const options = { ...writeOptions(exchange, 'CreateOptions'), duplicateFields };
    answer(env, exchange, kind, 201, await env.registry.create(kind, object, options));
    return;
  }
  if (method === 'DELETE') {
    if (kind.namespaced && path.namespace === undefined) throw methodNotAllowed(kind, 'deletecollection');
    const parameters = listParameters(exchange.query);
    const options = await readDeleteOptions(env, exchange);
    const { entries, revision } = await env.registry.list(kind, path.namespace);
    const selected = selectedBy(kind, selectionOf(parameters, path.namespace));
    const picked = entries.map((entry) => env.json.as(kind, entry.value as StoredObject)).filter(selected);
    const deleted = await env.registry.deleteCollection(kind, picked, options);
    const head = JSON.stringify({
      kind: `${kind.kind}List`,
      apiVersion: apiVersion(path),
      metadata: { resourceVersion: String(revision) },
    });
    exchange.json(200, `${head.slice(0, -1)},"items":[${deleted.map((object) => env.json.item(object)).join(',')}]}`);
    return;
  }
  throw methodNotAllowed(kind, method.toLowerCase());
}

async function handleOne(
  env: ResourceEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  path: ResourcePath,
  name: string,
  method: string,
): Promise<void> {
  const at = { namespace: path.namespace, name };
  switch (method) {
    case 'HEAD':
    case 'GET': {
      if (exchange.flag('watch')) {
        exchange.query.set('fieldSelector', `metadata.name=${name}`);
        await new WatchHandler(env, exchange, kind, path.namespace, listParameters(exchange.query)).run(env.closing);
        return;
      }
      void exchange.rendering;
      const object = await env.registry.current(kind, at);
      if (object === undefined) throw notFound(kind, name);
      return answer(env, exchange, kind, 200, object);
    }
    case 'PUT': {
      const created = kind.createsOnUpdate === true && (await env.registry.current(kind, at)) === undefined;
      const { object, duplicateFields } = await readObject(exchange, kind, path.namespace, env.parseYaml);
      const given = object.metadata?.name ?? '';
      if (given === '')
        throw new BadRequestError(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
      if (given !== name) throw new BadRequestError(`the name of the object (${given}) does not match the name on the URL (${name})`);
      const options = { ...writeOptions(exchange, 'UpdateOptions'), duplicateFields, subresource: path.subresource };
      return answer(env, exchange, kind, created ? 201 : 200, await env.registry.update(kind, object, options));
    }
    case 'PATCH': {
      const patch = await readPatch(exchange, env.parseYaml);
      const created = patch.type === 'apply' && (await env.registry.current(kind, at)) === undefined;
      const options = patch.type === 'apply' ? applyOptions(exchange) : writeOptions(exchange, 'PatchOptions');
      const object = await env.registry.patch(kind, at, patch, { ...options, subresource: path.subresource });
      return answer(env, exchange, kind, created ? 201 : 200, object);
    }
    case 'DELETE':
      return deleteOne(env, exchange, kind, at);
    default:
      throw methodNotAllowed(kind, method.toLowerCase());
  }
}

async function deleteOne(
  env: ResourceEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  at: { namespace: string | undefined; name: string },
): Promise<void> {
  const { gone, object } = await env.registry.delete(kind, at, await readDeleteOptions(env, exchange));
  const keeps = kind.returnsDeleted === true || !gone || (kind.kind === 'Namespace' && kind.group === '');
  if (keeps) return answer(env, exchange, kind, 200, object);
  const details = { name: at.name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid: object.metadata.uid };
  exchange.object(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

function answer(env: ResourceEnv, exchange: Exchange, kind: KindDescriptor, code: number, stored: StoredObject): void {
  const object = env.json.as(kind, stored);
  const { rendering } = exchange;
  if (rendering.as === 'object') exchange.json(code, env.json.text(object));
  else if (rendering.as === 'Table') {
    const include = includeObjectOf(exchange.query);
    exchange.object(
      code,
      tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion }, rendering.version, include, env.clock.now()),
    );
  } else exchange.object(code, partialOf(object, rendering.version));
}

async function readDeleteOptions(env: ResourceEnv, exchange: Exchange): Promise<DeleteOptions> {
  const body = await readBody(exchange.request);
  const text = body.toString('utf8');
  return deleteOptions(exchange, text === '' ? undefined : text.trimStart().startsWith('{') ? parseJson(body).value : env.parseYaml(text));
}

const apiVersion = (path: ResourcePath): string => (path.group === '' ? path.version : `${path.group}/${path.version}`);
