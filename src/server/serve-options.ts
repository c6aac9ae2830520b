import type { Identity } from '../api/client.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { ServerLimits } from './connection-guard.ts';
import type { CertifiedKey, CertificateSubject } from './tls/certificate-authority.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import type { HostRisk } from './host-risks.ts';

/** Who may come in, and what he may do. */
export interface AuthOptions {
  /** The token of the cluster's administrator (`system:masters`); a random one unless given. */
  readonly token?: string;
  /** Further bearer tokens, each with who it stands for. */
  readonly tokens?: Readonly<Record<string, Identity>>;
  /** The host's own ways of knowing people; asked after the built-in ones. */
  readonly authenticators?: readonly Authenticator[];
  /** PEM of authorities whose client certificates are believed, besides the cluster's own. TLS only. */
  readonly clientCa?: string;
  /**
   * `rbac`: Roles and ClusterRoles decide, as in Kubernetes, and the default ClusterRoles are made. An `Authorizer` of the host's own
   * decides itself. `always-allow`, the default: whoever is known may do everything.
   */
  readonly authorization?: 'always-allow' | 'rbac' | Authorizer;
}

/** How a cluster is served. Everything has a default, and the defaults are the safe ones. */
export interface ServeOptions {
  /** 127.0.0.1 unless given. */
  readonly host?: string;
  /** One that is free unless given. */
  readonly port?: number;
  /** The same as `auth.token`. */
  readonly token?: string;
  /**
   * `true`, the default: HTTPS with a certificate of the cluster's own authority. A key and certificate (PEM; `ca`: what clients
   * should trust, for the kubeconfig) are used as given. `false`: plain HTTP, over which kubectl sends no token.
   */
  readonly tls?: boolean | (CertifiedKey & { readonly ca?: string });
  /** Names and addresses, besides `host` and localhost, for which the certificate should be good. */
  readonly names?: readonly string[];
  readonly auth?: AuthOptions;
  /**
   * What Pods that are created over HTTP may do to this machine; nothing unless given. `host-path`: hostPath volumes; `privileged`:
   * privileged containers and the host's network, processes and IPC; `host-processes`: run on the process runtime.
   */
  readonly allow?: readonly HostRisk[];
  readonly limits?: Partial<ServerLimits>;
}

/** A server that runs. */
export interface ServerHandle extends AsyncDisposable {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  /** The administrator's token. Secret. */
  readonly token: string;
  /** PEM of what clients should trust; undefined over plain HTTP. */
  readonly ca: string | undefined;
  /** With the administrator's token. Secret. */
  readonly kubeconfig: Kubeconfig;
  /** Writes `kubeconfig` to a file that only its owner can read (mode 0600). */
  writeKubeconfig(file: string): Promise<void>;
  /** A certificate of the cluster's authority, good for a year (or `days`), and a kubeconfig with it. Rejects over plain HTTP. */
  clientCertificate(subject: CertificateSubject & { readonly days?: number }): Promise<CertifiedKey & { readonly kubeconfig: Kubeconfig }>;
  /** Ends watches and streams, and closes every connection. May be repeated. */
  close(): Promise<void>;
}
