import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../api/client.ts';
import { bearerToken, type Authenticator } from './authenticator.ts';
import { tokenIssuer, type ReviewedToken } from './service-account-tokens.ts';

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

/** Static bearer tokens. They are compared by their digests, in constant time, and kept as nothing else. */
export class TokenAuthenticator implements Authenticator {
  readonly #known: readonly { readonly digest: Buffer; readonly identity: Identity }[];

  constructor(tokens: Readonly<Record<string, Identity>>) {
    this.#known = Object.entries(tokens).map(([token, identity]) => ({ digest: digest(token), identity }));
  }

  authenticate(request: IncomingMessage): Identity | undefined {
    const token = bearerToken(request);
    return token === undefined ? undefined : this.#find(token);
  }

  /** Who a token stands for, whatever audience asks. */
  review(token: string): ReviewedToken | undefined {
    const identity = this.#find(token);
    return identity === undefined ? undefined : { identity, audiences: [tokenIssuer] };
  }

  #find(token: string): Identity | undefined {
    const given = digest(token);
    let found: Identity | undefined;
    for (const each of this.#known) if (timingSafeEqual(each.digest, given)) found = each.identity;
    return found;
  }
}
