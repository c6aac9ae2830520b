import type { Identity } from '../../api/client.ts';
import { FieldErrors } from '../../api/field-errors.ts';
import type {
  SelfSubjectRulesReviewManifest,
  SubjectAccessReviewManifest,
  SubjectAccessReviewSpec,
  TokenReviewManifest,
} from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject } from '../../api/object.ts';
import { invalid, methodNotAllowed } from '../../api/status-errors.ts';
import { BadRequestError } from '../../errors.ts';
import { reviewKinds } from '../../kinds/reviews.ts';
import type { Exchange } from '../exchange.ts';
import { readObject } from '../object-body.ts';
import type { RequestPath } from '../request-path.ts';
import { mastersGroup, type AccessControl } from './access-control.ts';
import type { AllowedRule, AuthorizationRequest } from './authorizer.ts';
import { tokenIssuer, type ReviewedToken } from './service-account-tokens.ts';

export interface ReviewEnv {
  readonly access: AccessControl;
  /** Who a token stands for. */
  readonly reviewToken: (token: string, audiences: readonly string[]) => Promise<ReviewedToken | undefined>;
  readonly parseYaml: (text: string) => unknown;
  /** Checks that an object has the shape of its kind. */
  readonly decode: (kind: KindDescriptor, object: KubeObject) => KubeObject;
}

const everything: readonly AllowedRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Answers the reviews of authentication.k8s.io and authorization.k8s.io; false for every other kind. */
export async function handleReview(
  env: ReviewEnv,
  exchange: Exchange,
  kind: KindDescriptor,
  path: Extract<RequestPath, { type: 'resource' }>,
): Promise<boolean> {
  if (!reviewKinds.includes(kind) || path.subresource !== '' || path.name !== undefined) return false;
  if (exchange.request.method !== 'POST') throw methodNotAllowed(kind, (exchange.request.method ?? '').toLowerCase());
  const object = env.decode(kind, (await readObject(exchange, kind, path.namespace, env.parseYaml)).object);
  const answered = {
    ...object,
    kind: kind.kind,
    apiVersion: `${kind.group}/v1`,
    metadata: { creationTimestamp: null, ...object.metadata },
  };
  exchange.object(201, { ...answered, status: await statusFor(env, exchange.identity, kind, path.namespace, object) });
  return true;
}

async function statusFor(
  env: ReviewEnv,
  identity: Identity,
  kind: KindDescriptor,
  namespace: string | undefined,
  object: KubeObject,
): Promise<object> {
  switch (kind.kind) {
    case 'TokenReview':
      return tokenStatus(env, object as TokenReviewManifest);
    case 'SelfSubjectReview':
      return { userInfo: userInfo(identity) };
    case 'SelfSubjectRulesReview':
      return rulesStatus(env, identity, object as SelfSubjectRulesReviewManifest);
    case 'SelfSubjectAccessReview':
      return accessStatus(env, kind, identity, specOf(object));
    default: {
      const spec = specOf(object);
      if (namespace !== undefined && spec.resourceAttributes?.namespace !== namespace)
        throw new BadRequestError(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
      if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
        const errors = new FieldErrors();
        errors.invalid('spec.user', '', 'at least one of user or group must be specified');
        throw invalid(kind, '', errors);
      }
      const asked = {
        name: spec.user ?? '',
        groups: spec.groups ?? [],
        role: 'user' as const,
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      };
      return accessStatus(env, kind, asked, spec);
    }
  }
}

const specOf = (object: KubeObject): SubjectAccessReviewSpec => (object as Partial<SubjectAccessReviewManifest>).spec ?? {};

async function accessStatus(env: ReviewEnv, kind: KindDescriptor, identity: Identity, spec: SubjectAccessReviewSpec): Promise<object> {
  const { resourceAttributes: wanted, nonResourceAttributes: url } = spec;
  if ((wanted === undefined) === (url === undefined)) {
    const errors = new FieldErrors();
    const text =
      wanted === undefined
        ? 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
        : 'cannot be specified in combination with resourceAttributes';
    errors.invalid(
      wanted === undefined ? 'spec.resourceAttributes' : 'spec.nonResourceAttributes',
      wanted === undefined ? null : url,
      text,
    );
    throw invalid(kind, '', errors);
  }
  const request: AuthorizationRequest =
    wanted === undefined
      ? { identity, verb: url?.verb ?? '', resource: undefined, path: url?.path ?? '' }
      : {
          identity,
          verb: wanted.verb ?? '',
          resource: {
            group: wanted.group ?? '',
            version: wanted.version ?? '',
            resource: wanted.resource ?? '',
            subresource: wanted.subresource ?? '',
            namespace: wanted.namespace === '' ? undefined : wanted.namespace,
            name: wanted.name === '' ? undefined : wanted.name,
          },
          path: '',
        };
  const { allowed, reason } = await env.access.decide(request);
  return { allowed, ...(reason === undefined || reason === '' ? {} : { reason }) };
}

function rulesStatus(env: ReviewEnv, identity: Identity, { spec }: SelfSubjectRulesReviewManifest): object {
  const namespace = spec?.namespace ?? '';
  if (namespace === '') throw new BadRequestError('no namespace on request');
  const { authorizer } = env.access;
  const hasAll = authorizer === undefined || identity.groups.includes(mastersGroup);
  const rules = hasAll ? everything : authorizer.rulesFor?.(identity, namespace);
  const list = rules ?? [];
  return {
    resourceRules: list.filter(({ nonResourceURLs }) => nonResourceURLs === undefined),
    nonResourceRules: list.filter(({ nonResourceURLs }) => nonResourceURLs !== undefined),
    incomplete: rules === undefined,
  };
}

async function tokenStatus(env: ReviewEnv, { spec }: TokenReviewManifest): Promise<object> {
  const token = spec?.token ?? '';
  if (token === '') throw new BadRequestError('token is required for TokenReview in authentication');
  const asked = spec.audiences ?? [];
  const reviewed = await env.reviewToken(token, asked.length === 0 ? [tokenIssuer] : asked);
  if (reviewed === undefined) return { user: {}, error: 'invalid bearer token' };
  return { authenticated: true, user: userInfo(reviewed.identity), audiences: reviewed.audiences };
}

function userInfo({ name, uid, groups, extra }: Identity): object {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}
