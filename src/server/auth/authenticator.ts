import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../api/client.ts';

/**
 * How a request shows who sends it. A host may bring its own. Called for every request, before anything else is read of it; must
 * not read its body. A credential that is of another making is none of its business: it answers undefined, and the next one is
 * asked. Nobody answering means 401. What it throws is an error of the server (500), never a way in.
 *
 * @example
 * const behindProxy: Authenticator = {
 *   authenticate: ({ headers }) =>
 *     headers['x-remote-user'] === undefined
 *       ? undefined
 *       : { name: String(headers['x-remote-user']), groups: ['system:authenticated'], role: 'user' },
 * };
 */
export interface Authenticator {
  authenticate(request: IncomingMessage): Identity | undefined | Promise<Identity | undefined>;
}

/** The bearer token of a request; undefined if it has none. */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
