import { timingSafeEqual, createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Identity } from '../api/client.ts';

/** How a request shows who sends it. Each returns undefined if it has nothing to say. */
export interface Authenticator {
  authenticate(request: IncomingMessage): Identity | undefined | Promise<Identity | undefined>;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The bearer token of a request; undefined if it has none. */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Static bearer tokens. They are compared by their digests, in constant time, and kept as nothing else. */
export class TokenAuthenticator implements Authenticator {
  readonly #known: readonly { readonly digest: Buffer; readonly identity: Identity }[];

  constructor(tokens: Readonly<Record<string, Identity>>) {
    this.#known = Object.entries(tokens).map(([token, identity]) => ({ digest: digest(token), identity }));
  }

  authenticate(request: IncomingMessage): Identity | undefined {
    const token = bearerToken(request);
    if (token === undefined) return undefined;
    const given = digest(token);
    let found: Identity | undefined;
    for (const each of this.#known) if (timingSafeEqual(each.digest, given)) found = each.identity;
    return found;
  }
}

/** Client certificates that the server's TLS has verified: the common name is the user, organizations are groups. */
export const certificateAuthenticator: Authenticator = {
  authenticate(request) {
    const socket = request.socket as TLSSocket;
    if (socket.authorized !== true) return undefined;
    const subject = socket.getPeerCertificate().subject as { readonly CN?: string; readonly O?: string | readonly string[] } | undefined;
    if (subject?.CN === undefined) return undefined;
    const groups = subject.O === undefined ? [] : typeof subject.O === 'string' ? [subject.O] : subject.O;
    return { name: subject.CN, groups: [...groups, 'system:authenticated'], role: 'user' };
  },
};
