import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../api/client.ts';
import type { ApiError } from '../../errors.ts';
import { ForbiddenError } from '../../errors.ts';
import type { Authenticator } from './authenticator.ts';
import type { AuthorizationRequest, Authorizer, Decision } from './authorizer.ts';
import { impersonation } from './impersonation.ts';

export const mastersGroup = 'system:masters';

/** Who sends a request, and whether he may: authenticators in turn, impersonation, then the authorizer. */
export class AccessControl {
  readonly #authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer | undefined;

  /** Without an authorizer everybody who is known may do everything. */
  constructor(authenticators: readonly Authenticator[], authorizer: Authorizer | undefined) {
    this.#authenticators = authenticators;
    this.authorizer = authorizer;
  }

  /** Who sends it, or whom he plays; undefined for a stranger. Throws `ForbiddenError` for somebody who may not play that part. */
  async identify(request: IncomingMessage): Promise<Identity | undefined> {
    for (const authenticator of this.#authenticators) {
      const identity = await authenticator.authenticate(request);
      if (identity !== undefined) return this.#played(request, identity);
    }
    return undefined;
  }

  async decide(request: AuthorizationRequest): Promise<Decision> {
    if (request.identity.groups.includes(mastersGroup)) return { allowed: true };
    return this.authorizer === undefined ? { allowed: true } : this.authorizer.authorize(request);
  }

  /** Throws Kubernetes' refusal of what may not be done. */
  async require(request: AuthorizationRequest): Promise<void> {
    const decision = await this.decide(request);
    if (!decision.allowed) throw refusal(request, decision);
  }

  /** `Impersonate-User` and the like (kubectl's --as): one needs the right to impersonate each part. */
  async #played(request: IncomingMessage, identity: Identity): Promise<Identity> {
    const wanted = impersonation(request.headers);
    if (wanted === undefined) return identity;
    for (const resource of wanted.needs)
      await this.require({ identity, verb: 'impersonate', resource: { version: 'v1', namespace: undefined, ...resource }, path: '' });
    return wanted.identity;
  }
}

/** The 403 in Kubernetes' words. */
export function refusal({ identity, verb, resource, path }: AuthorizationRequest, { reason = '' }: Decision): ApiError {
  const who = JSON.stringify(identity.name);
  const why = reason === '' ? '' : `: ${reason}`;
  if (resource === undefined) return new ForbiddenError(`forbidden: User ${who} cannot ${verb} path ${JSON.stringify(path)}${why}`, {});
  const { group, namespace, name = '' } = resource;
  const full = group === '' ? resource.resource : `${resource.resource}.${group}`;
  const subject = name === '' ? full : `${full} ${JSON.stringify(name)}`;
  const what = JSON.stringify(resource.subresource === '' ? resource.resource : `${resource.resource}/${resource.subresource}`);
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return new ForbiddenError(
    `${subject} is forbidden: User ${who} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}${why}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource.resource },
  );
}
