import { createPrivateKey, createPublicKey, createHash, type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../api/client.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { StoredObject } from '../../api/object.ts';
import type { Registry } from '../../api/registry.ts';
import type { Clock } from '../../env/clock.ts';
import type { SecureRandom } from '../../env/random.ts';
import { podKind } from '../../kinds/pod.ts';
import { secretKind } from '../../kinds/secret.ts';
import { serviceAccountKind } from '../../kinds/service-account.ts';
import { bearerToken, type Authenticator } from './authenticator.ts';

/** Who issues tokens, and for whom unless they say otherwise. */
export const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';
const algorithm = 'ES256';
/** A token that is older than this is an annoyance to whoever renews it: kubelets are told to. */
export const expirationSecondsMin = 600;

/** The object a token dies with. */
export interface BoundObject {
  readonly kind: 'Pod' | 'Secret';
  readonly name: string;
  readonly uid: string;
}

export interface TokenOrder {
  readonly namespace: string;
  readonly account: { readonly name: string; readonly uid: string };
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound: BoundObject | undefined;
}

/** What a token says that was found good. */
export interface ReviewedToken {
  readonly identity: Identity;
  readonly audiences: readonly string[];
}

interface Claims {
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly jti?: string;
  readonly 'kubernetes.io'?: {
    readonly namespace?: string;
    readonly serviceaccount?: { readonly name?: string; readonly uid?: string };
    readonly pod?: { readonly name?: string; readonly uid?: string };
    readonly secret?: { readonly name?: string; readonly uid?: string };
  };
}

interface SigningKeys {
  readonly pem: string;
  readonly secret: KeyObject;
  readonly open: KeyObject;
  readonly id: string;
}

interface TokenParts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly secureRandom: SecureRandom;
  /** PEM (PKCS #8) of a P-256 key. */
  readonly signingKey: () => Promise<string>;
}

/**
 * Issues and checks the tokens of service accounts: JSON web tokens, bound to an account, a time, audiences, and perhaps a Pod or
 * Secret; one is good as long as all of them are.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export class ServiceAccountTokens implements Authenticator {
  readonly #parts: TokenParts;
  #keys: SigningKeys | undefined;

  constructor(parts: TokenParts) {
    this.#parts = parts;
  }

  async issue(order: TokenOrder): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
    const { SignJWT } = await import('jose');
    const { clock, secureRandom } = this.#parts;
    const { secret, id } = await this.#signing();
    const now = Math.floor(clock.now() / 1000);
    const expires = now + order.expirationSeconds;
    const { namespace, account, bound, audiences } = order;
    const claims = {
      'kubernetes.io': {
        namespace,
        serviceaccount: { name: account.name, uid: account.uid },
        ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
      },
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, kid: id })
      .setIssuer(tokenIssuer)
      .setSubject(`system:serviceaccount:${namespace}:${account.name}`)
      .setAudience(audiences.length === 0 ? [tokenIssuer] : [...audiences])
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(expires)
      .setJti(uuid(secureRandom.bytes(16)))
      .sign(secret);
    return { token, expiresAtMs: expires * 1000 };
  }

  async authenticate(request: IncomingMessage): Promise<Identity | undefined> {
    const token = bearerToken(request);
    return token === undefined ? undefined : (await this.review(token, [tokenIssuer]))?.identity;
  }

  /** Who a token is for; undefined if it is none of ours, out of date, for others, or its account (Pod, Secret) is gone. */
  async review(token: string, audiences: readonly string[]): Promise<ReviewedToken | undefined> {
    if (token.split('.').length !== 3) return undefined;
    const { jwtVerify } = await import('jose');
    const { open } = await this.#signing();
    const verified = await jwtVerify(token, open, {
      issuer: tokenIssuer,
      algorithms: [algorithm],
      currentDate: new Date(this.#parts.clock.now()),
    }).catch(() => undefined);
    if (verified === undefined) return undefined;
    const claims = verified.payload as Claims;
    const meant = (typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? [])).filter((each) => audiences.includes(each));
    const identity = meant.length === 0 ? undefined : await this.#identity(claims);
    return identity === undefined ? undefined : { identity, audiences: meant };
  }

  async #identity({ jti, 'kubernetes.io': about }: Claims): Promise<Identity | undefined> {
    const { namespace = '', serviceaccount: { name = '', uid = '' } = {}, pod, secret } = about ?? {};
    const { registry } = this.#parts;
    const lives = async (kind: KindDescriptor, meant: { readonly name?: string; readonly uid?: string } | undefined): Promise<boolean> => {
      if (meant === undefined) return true;
      const found = await registry.current(kind, { namespace, name: meant.name ?? '' });
      return found !== undefined && found.metadata.uid === meant.uid;
    };
    const account: StoredObject | undefined = await registry.current(serviceAccountKind as KindDescriptor, { namespace, name });
    if (account === undefined || account.metadata.uid !== uid) return undefined;
    if (!(await lives(podKind as KindDescriptor, pod)) || !(await lives(secretKind as KindDescriptor, secret))) return undefined;
    return {
      name: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      role: 'user',
      uid,
      extra: {
        ...(jti === undefined ? {} : { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] }),
        ...(pod === undefined
          ? {}
          : { 'authentication.kubernetes.io/pod-name': [pod.name ?? ''], 'authentication.kubernetes.io/pod-uid': [pod.uid ?? ''] }),
      },
    };
  }

  async #signing(): Promise<SigningKeys> {
    const pem = await this.#parts.signingKey();
    if (this.#keys?.pem === pem) return this.#keys;
    const secret = createPrivateKey(pem);
    const open = createPublicKey(secret);
    const id = createHash('sha256')
      .update(open.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
    return (this.#keys = { pem, secret, open, id });
  }
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
