import { FieldErrors } from '../../api/field-errors.ts';
import type { TokenRequestManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, ObjectName } from '../../api/object.ts';
import type { Registry } from '../../api/registry.ts';
import { conflict, invalid, methodNotAllowed, notFound } from '../../api/status-errors.ts';
import { formatTime } from '../../api/time.ts';
import type { Clock } from '../../env/clock.ts';
import { BadRequestError } from '../../errors.ts';
import { podKind } from '../../kinds/pod.ts';
import { secretKind } from '../../kinds/secret.ts';
import { serviceAccountKind } from '../../kinds/service-account.ts';
import type { Exchange } from '../exchange.ts';
import { readObject } from '../object-body.ts';
import { expirationSecondsMin, type BoundObject, type ServiceAccountTokens } from './service-account-tokens.ts';

const defaultSeconds = 3600;
const secondsMax = 2 ** 32;
const requestKind = { group: 'authentication.k8s.io', plural: 'tokenrequests', kind: 'TokenRequest' };

export interface TokenRequestEnv {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly tokens: ServiceAccountTokens;
  readonly parseYaml: (text: string) => unknown;
  /** Checks that an object has the shape of its kind. */
  readonly decode: (kind: KindDescriptor, object: KubeObject) => KubeObject;
}

/** Answers `serviceaccounts/token`: a token for the account, as long as was asked for, bound to a Pod or Secret if one is named. */
export async function answerTokenRequest(env: TokenRequestEnv, exchange: Exchange, at: ObjectName): Promise<boolean> {
  if (exchange.request.method !== 'POST') throw methodNotAllowed(serviceAccountKind, (exchange.request.method ?? '').toLowerCase());
  const raw = (await readObject(exchange, tokenRequestKind, undefined, env.parseYaml)).object;
  const given = env.decode(tokenRequestKind, raw) as TokenRequestManifest;
  const account = await env.registry.current(serviceAccountKind as KindDescriptor, at);
  if (account === undefined) throw notFound(serviceAccountKind, at.name);
  const { name = '', namespace = '' } = given.metadata ?? {};
  if (name !== '' && name !== at.name)
    throw new BadRequestError(`the name of the object (${name}) does not match the name on the URL (${at.name})`);
  if (namespace !== '' && namespace !== at.namespace)
    throw new BadRequestError('the namespace of the provided object does not match the namespace sent on the request');
  const {
    audiences = [],
    expirationSeconds = defaultSeconds,
    boundObjectRef: ref,
  } = (given.spec ?? {}) as Partial<NonNullable<TokenRequestManifest['spec']>>;
  checkSeconds(at.name, expirationSeconds);
  const bound = ref === undefined ? undefined : await boundObject(env.registry, at, ref);
  const issued = await env.tokens.issue({
    namespace: at.namespace ?? '',
    account: { name: at.name, uid: account.metadata.uid },
    audiences,
    expirationSeconds,
    bound,
  });
  exchange.object(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: at.name, namespace: at.namespace, creationTimestamp: formatTime(env.clock.now()) },
    spec: { audiences, expirationSeconds, boundObjectRef: ref ?? null },
    status: { token: issued.token, expirationTimestamp: formatTime(issued.expiresAtMs) },
  });
  return true;
}

function checkSeconds(name: string, seconds: number): void {
  const errors = new FieldErrors();
  if (!Number.isInteger(seconds)) errors.invalid('spec.expirationSeconds', seconds, 'must be an integer');
  else if (seconds < expirationSecondsMin)
    errors.invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes');
  else if (seconds > secondsMax) errors.invalid('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds');
  if (errors.causes.length > 0) throw invalid(requestKind, name, errors);
}

async function boundObject(
  registry: Registry,
  at: ObjectName,
  { kind = '', name = '', uid = '' }: { readonly kind?: string; readonly name?: string; readonly uid?: string },
): Promise<BoundObject> {
  if (kind !== 'Pod' && kind !== 'Secret')
    throw new BadRequestError(
      `cannot bind token for serviceaccount ${JSON.stringify(at.name)} to object of type ${JSON.stringify(kind)}: expected Pod or Secret`,
    );
  const descriptor = (kind === 'Pod' ? podKind : secretKind) as KindDescriptor;
  const object = await registry.current(descriptor, { namespace: at.namespace, name });
  if (object === undefined) throw notFound(descriptor, name);
  if (uid !== '' && uid !== object.metadata.uid)
    throw conflict(
      descriptor,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { kind, name, uid: object.metadata.uid };
}

/** A TokenRequest is only ever read. */
const tokenRequestKind = { ...serviceAccountKind, ...requestKind, model: 'TokenRequest' } as KindDescriptor;
