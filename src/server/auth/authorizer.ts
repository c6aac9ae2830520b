import type { Identity } from '../../api/client.ts';

/** What somebody wants to do, as Kubernetes' authorizers see it. */
export interface AuthorizationRequest {
  readonly identity: Identity;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; the HTTP method in lower case off the resources. */
  readonly verb: string;
  /** undefined for a path that is no resource (`/metrics`): then `path` says which. */
  readonly resource:
    | {
        /** '' for the core group. */
        readonly group: string;
        readonly version: string;
        readonly resource: string;
        /** '' for the resource itself. */
        readonly subresource: string;
        /** undefined: cluster-wide. */
        readonly namespace: string | undefined;
        /** undefined where the request names none (list, create). */
        readonly name: string | undefined;
      }
    | undefined;
  readonly path: string;
}

/** The answer; the reason is shown to whoever was refused. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason?: string;
}

/** Something that may be done, as the reviews of authorization.k8s.io list it. */
export interface AllowedRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/**
 * Decides what an identity may do. A host may bring its own instead of RBAC. Asked once for every request, after authentication;
 * `system:masters` is never asked about. What it throws is an error of the server (500), never a yes.
 *
 * @example
 * const readOnly: Authorizer = {
 *   authorize: ({ verb }) => ({ allowed: ['get', 'list', 'watch'].includes(verb), reason: 'this cluster is read-only' }),
 * };
 */
export interface Authorizer {
  authorize(request: AuthorizationRequest): Decision | Promise<Decision>;
  /** What `kubectl auth can-i --list` shows for a namespace; without it the list is empty and marked incomplete. */
  rulesFor?(identity: Identity, namespace: string): readonly AllowedRule[];
}
