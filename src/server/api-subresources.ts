import type { DeleteOptions, DeleteResult, Patch } from '../api/client.ts';
import { FieldErrors } from '../api/field-errors.ts';
import { applyJsonPatch } from '../api/json-patch.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { applyMergePatch } from '../api/merge-patch.ts';
import type { KubeObject, ObjectName, StoredObject } from '../api/object.ts';
import type { Registry } from '../api/registry.ts';
import { invalid, methodNotAllowed, notFound } from '../api/status-errors.ts';
import { ApiError, BadRequestError } from '../errors.ts';
import { podKind } from '../kinds/pod.ts';
import type { Clock } from '../env/clock.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { answerTokenRequest } from './auth/token-request.ts';
import type { Exchange } from './exchange.ts';
import type { RequestPath } from './request-path.ts';
import { givenText, readObject } from './object-body.ts';
import { readPatch } from './patch-body.ts';
import { deleteOptions, writeOptions } from './write-options.ts';

type ResourcePath = Extract<RequestPath, { type: 'resource' }>;

interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas: number; readonly selector?: string };
}

/** What these subresources work with. */
export interface SubresourceEnv {
  readonly parseYaml: (text: string) => unknown;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly tokens: ServiceAccountTokens;
  /** Checks that an object has the shape of its kind. */
  readonly decode: (kind: KindDescriptor, object: KubeObject) => KubeObject;
  /** Deletes a Pod as its disruption budgets allow. */
  readonly evict: (pod: ObjectName, options: DeleteOptions) => Promise<DeleteResult>;
}

/** A Scale is read as part of the object it scales. */
const scaleOptions = podKind;
const scaleKind = { group: 'autoscaling', plural: 'scales', kind: 'Scale' };
const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** Answers `scale`, `binding`, `eviction` and `token`; false for every other subresource. */
export async function handleApiSubresource(
  env: SubresourceEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  path: ResourcePath,
): Promise<boolean> {
  if (path.name === undefined) return false;
  const at = { namespace: path.namespace, name: path.name };
  if (path.subresource === 'scale' && kind.scale !== undefined) return answerScale(env, exchange, kind, at);
  if (kind.group === '' && kind.kind === 'ServiceAccount' && path.subresource === 'token') return answerTokenRequest(env, exchange, at);
  if (kind.group !== '' || kind.kind !== 'Pod') return false;
  if (path.subresource === 'binding') return bind(env, exchange, at);
  return path.subresource === 'eviction' ? evict(env, exchange, at) : false;
}

function read(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (key === '' || typeof value !== 'object' || value === null ? value : (value as Record<string, unknown>)[key]),
      object,
    );
}

function written(object: StoredObject, path: string, value: unknown): KubeObject {
  const [first = '', ...rest] = path.split('.').filter((key) => key !== '');
  const inner = (object as unknown as Record<string, unknown>)[first];
  return { ...object, [first]: rest.length === 0 ? value : written((inner ?? {}) as StoredObject, rest.join('.'), value) } as KubeObject;
}

function scaleOf(kind: KindDescriptor, object: StoredObject): Scale {
  const { specReplicasPath, statusReplicasPath, selectorPath } = kind.scale!;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = read(object, specReplicasPath) as number | undefined;
  const chosen = (selectorPath === '' ? undefined : read(object, selectorPath)) as Readonly<Record<string, string>> & {
    readonly matchLabels?: Readonly<Record<string, string>>;
    readonly matchExpressions?: readonly never[];
  };
  const text = typeof chosen === 'string' ? (chosen as string) : undefined;
  const plain = chosen?.matchLabels === undefined && chosen?.matchExpressions === undefined;
  const selector = text ?? (chosen === undefined ? '' : (plain ? LabelMatcher.ofMap(chosen) : LabelMatcher.of(chosen)).toString());
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: (read(object, statusReplicasPath) as number | undefined) ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

async function answerScale(env: SubresourceEnv, exchange: Exchange, kind: KindDescriptor, at: ObjectName): Promise<boolean> {
  const { method } = exchange.request;
  const present = await env.registry.current(kind, at);
  if (method === 'GET') {
    // StatefulSets and custom resources are read before they are scaled; the others know their scale only.
    const bare = kind.plural === 'statefulsets' || kind.openapi !== undefined;
    if (present === undefined) throw notFound(bare ? kind : { ...kind, plural: `${kind.plural}/scale` }, at.name);
    exchange.object(200, scaleOf(kind, present));
    return true;
  }
  if (method !== 'PUT' && method !== 'PATCH') throw methodNotAllowed(kind, (method ?? '').toLowerCase());
  const given = method === 'PUT' ? ((await readObject(exchange, scaleOptions, at.namespace, env.parseYaml)).object as Scale) : undefined;
  const patch = method === 'PATCH' ? await readPatch(exchange, env.parseYaml) : undefined;
  if (present === undefined) throw notFound(kind, at.name);
  const scale = given ?? patched(scaleOf(kind, present), patch!);
  checkScale(scale, at);
  const { resourceVersion } = scale.metadata ?? {};
  const next = written(present, kind.scale!.specReplicasPath, scale.spec?.replicas ?? 0);
  const metadata = { ...present.metadata } as Record<string, unknown>;
  // Without a revision the newest object is meant.
  const any = given === undefined || resourceVersion === undefined || resourceVersion === '';
  if (any && kind.updatesUnconditionally !== false) delete metadata['resourceVersion'];
  else if (any) metadata['resourceVersion'] = present.metadata.resourceVersion;
  else metadata['resourceVersion'] = resourceVersion;
  const stored = await env.registry.update(kind, { ...next, metadata } as KubeObject, {
    ...writeOptions(exchange, 'UpdateOptions'),
    fieldValidation: 'Ignore',
  });
  exchange.object(200, scaleOf(kind, stored));
  return true;
}

function patched(scale: Scale, patch: Patch): Scale {
  const next = (patch.type === 'json' ? applyJsonPatch(scale, patch.patch) : applyMergePatch(scale, patch.patch)) as Scale;
  const replicas: unknown = next.spec?.replicas;
  if (replicas === undefined || Number.isInteger(replicas)) return next;
  const errors = new FieldErrors();
  errors.invalid(
    'patch',
    JSON.stringify(next),
    `json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`,
  );
  throw invalid({ group: '', plural: '', kind: '' }, '', errors);
}

function checkScale(scale: Scale, at: ObjectName): void {
  if (scale.kind !== undefined && scale.kind !== 'Scale') {
    throw new BadRequestError(
      `${scale.kind} in version "v1" cannot be handled as a Scale: converting (v1.${scale.kind}) to (autoscaling.Scale): unknown conversion`,
    );
  }
  const name = givenText({ kind: 'Scale', version: 'v1' }, scale, 'name');
  if (name !== '' && name !== at.name)
    throw new BadRequestError(`the name of the object (${name}) does not match the name on the URL (${at.name})`);
  const replicas: unknown = scale.spec?.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw new BadRequestError(
      `Scale in version "v1" cannot be handled as a Scale: spec.replicas: expected an integer, got ${JSON.stringify(replicas)}`,
    );
  if (replicas >= 0) return;
  const errors = new FieldErrors();
  errors.invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
  throw invalid(scaleKind, at.name, errors);
}

async function bind(env: SubresourceEnv, exchange: Exchange, at: ObjectName): Promise<boolean> {
  if (exchange.request.method !== 'POST') throw methodNotAllowed(podKind, (exchange.request.method ?? '').toLowerCase());
  const binding = (await readObject(exchange, podKind, undefined, env.parseYaml)).object as KubeObject & {
    readonly target?: { readonly kind?: string; readonly name?: string };
  };
  if (binding.metadata?.name !== undefined && binding.metadata.name !== at.name)
    throw new BadRequestError('name in URL does not match name in Binding object');
  const { kind = '', name = '' } = binding.target ?? {};
  if (kind !== '' && kind !== 'Node')
    throw new ApiError(500, '', `target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`);
  if (name === '') throw new ApiError(500, '', 'target.name: Required value');
  const pod = await env.registry.current(podKind, at);
  if (pod === undefined) throw notFound(podKind, at.name);
  await env.registry.bind(podKind, pod, name, {
    ...writeOptions(exchange, 'CreateOptions'),
    annotations: binding.metadata?.annotations ?? {},
  });
  exchange.object(201, success);
  return true;
}

async function evict(env: SubresourceEnv, exchange: Exchange, at: ObjectName): Promise<boolean> {
  if (exchange.request.method !== 'POST') throw methodNotAllowed(podKind, (exchange.request.method ?? '').toLowerCase());
  const eviction = (await readObject(exchange, podKind, undefined, env.parseYaml)).object as KubeObject & {
    readonly deleteOptions?: { readonly gracePeriodSeconds?: number };
  };
  if (eviction.metadata?.name !== undefined && eviction.metadata.name !== at.name)
    throw new BadRequestError('name in URL does not match name in Eviction object');
  const grace = eviction.deleteOptions?.gracePeriodSeconds;
  await env.evict(at, { ...deleteOptions(exchange, undefined), ...(grace === undefined ? {} : { gracePeriodSeconds: grace }) });
  exchange.object(201, success);
  return true;
}
