import type { DeleteOptions } from '../api/client.ts';
import { partOf, type KindDescriptor } from '../api/kind.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { StoredObject } from '../api/object.ts';
import { notFound } from '../api/status-errors.ts';
import { ApiError, BadRequestError, NotFoundError } from '../errors.ts';
import { parseJson, readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { handleList, readPage, type ListEnv } from './list-handler.ts';
import { listParameters } from './list-query.ts';
import { givenText, protobufType, readObject } from './object-body.ts';
import { readPatch } from './patch-body.ts';
import { includeObjectOf, notAList, partialOf, tableOf } from './rendering.ts';
import type { RequestPath } from './request-path.ts';
import { applyOptions, deleteOptions, writeOptions } from './write-options.ts';
import { WatchHandler } from './watch-handler.ts';

type ResourcePath = Extract<RequestPath, { type: 'resource' }>;

export interface ResourceEnv extends ListEnv {
  readonly kinds: KindIndex;
  readonly closing: AbortSignal;
  /** Subresources with a life of their own (log, exec, scale, ...); true if it answered. */
  readonly subresources: (exchange: Exchange, kind: KindDescriptor, path: ResourcePath) => Promise<boolean>;
  /** Kinds that are answered and never stored; true if it was one. */
  readonly reviews: ResourceEnv['subresources'];
  /** Bodies that are not JSON. */
  readonly parseYaml: (text: string) => unknown;
}

/** Answers requests for resources: the verbs over the registry. */
export async function handleResource(env: ResourceEnv, exchange: Exchange, path: ResourcePath): Promise<void> {
  const kind = env.kinds.byResource(path.group === '' ? path.version : `${path.group}/${path.version}`, path.resource);
  if (kind === undefined || !isRoute(kind, path)) throw unknownResource();
  if (path.namespace !== undefined && !kind.namespaced) throw unknownResource();
  if (!isObjectPath(kind, path.subresource)) {
    if (await env.subresources(exchange, kind, path)) return;
    throw unknownResource();
  }
  if (await env.reviews(exchange, kind, path)) return;
  if (path.subresource === 'status' && !kind.hasStatus) throw unknownResource();
  if (path.watch === true) exchange.query.set('watch', 'true');
  const method = exchange.request.method ?? 'GET';
  if (path.name === undefined) await handleCollection(env, exchange, kind, path, method);
  else await handleOne(env, exchange, kind, path, path.name, method);
}

/** True where the object itself is answered, whole, whatever part of it may be written. */
function isObjectPath(kind: KindDescriptor, subresource: string): boolean {
  return subresource === '' || subresource === 'status' || subresource === 'finalize' || partOf(kind, subresource) !== undefined;
}

/** Objects of a namespaced kind have no place outside of a namespace, and no name has a slash. */
function isRoute(kind: KindDescriptor, { name, namespace }: ResourcePath): boolean {
  return name === undefined || (!name.includes('/') && (!kind.namespaced || namespace !== undefined));
}

/** What the router says where no handler is registered for the method. */
const noSuchMethod = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}, { retryable: false });

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
    if (kind.namespaced && path.namespace === undefined) throw noSuchMethod();
    const { object, duplicates } = await readObject(exchange, kind, path.namespace, env.parseYaml);
    const options = { ...writeOptions(exchange, 'CreateOptions'), duplicates };
    answer(env, exchange, kind, 201, await env.registry.create(kind, object, options));
    return;
  }
  if (method === 'DELETE') {
    if (kind.namespaced && path.namespace === undefined) throw noSuchMethod();
    const parameters = listParameters(exchange.query);
    const options = await readDeleteOptions(env, exchange);
    const { objects, meta } = await readPage(env, kind, path.namespace, parameters);
    const deleted = await env.registry.deleteCollection(kind, objects, options);
    const head = JSON.stringify({ kind: `${kind.kind}List`, apiVersion: apiVersion(path), metadata: meta });
    exchange.json(200, `${head.slice(0, -1)},"items":[${deleted.map((object) => env.json.item(object)).join(',')}]}`);
    return;
  }
  throw noSuchMethod();
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
      const { object, duplicates } = await readObject(exchange, kind, path.namespace, env.parseYaml);
      const given = givenText(kind, object, 'name');
      if (given === '')
        throw new BadRequestError(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
      if (given !== name) throw new BadRequestError(`the name of the object (${given}) does not match the name on the URL (${name})`);
      const options = { ...writeOptions(exchange, 'UpdateOptions'), duplicates, subresource: path.subresource };
      return answer(env, exchange, kind, created ? 201 : 200, await env.registry.update(kind, object, options));
    }
    case 'PATCH': {
      const patch = await readPatch(exchange, env.parseYaml, kind.openapi !== undefined);
      const created = patch.type === 'apply' && (await env.registry.current(kind, at)) === undefined;
      const options = patch.type === 'apply' ? applyOptions(exchange) : writeOptions(exchange, 'PatchOptions');
      const object = await env.registry.patch(kind, at, patch, { ...options, subresource: path.subresource });
      return answer(env, exchange, kind, created ? 201 : 200, object);
    }
    case 'DELETE':
      // What is deleted is the object, never a part of it.
      if (path.subresource !== '') throw noSuchMethod();
      return deleteOne(env, exchange, kind, at);
    default:
      throw noSuchMethod();
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
  if (rendering.as === 'PartialObjectMetadataList') throw notAList(kind);
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
  if (exchange.contentType === protobufType && exchange.protobuf !== undefined && body.length > 0)
    return deleteOptions(exchange, exchange.protobuf.read(body, { kind: 'DeleteOptions', model: 'DeleteOptions' }));
  const text = body.toString('utf8');
  return deleteOptions(exchange, text === '' ? undefined : text.trimStart().startsWith('{') ? parseJson(body).value : env.parseYaml(text));
}

const apiVersion = (path: ResourcePath): string => (path.group === '' ? path.version : `${path.group}/${path.version}`);
