import type { TLSSocket } from 'node:tls';
import type { Authenticator } from './authenticator.ts';

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
