import type { KindDescriptor } from '../../api/kind.ts';
import { notFound } from '../../api/status-errors.ts';
import { serviceAccountKind } from '../../kinds/service-account.ts';
import { ClusterKeys, type ClusterKeysParts } from './cluster-keys.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

/** What a kubelet asks for to fill a projected volume of a Pod. */
export interface PodTokenOrder {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: { readonly name: string; readonly uid: string };
  /** undefined: the API server's own. */
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

/** What a cluster vouches with. */
export interface ClusterTrust {
  readonly keys: ClusterKeys;
  readonly tokens: ServiceAccountTokens;
  issueForPod(order: PodTokenOrder): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
}

export function clusterTrust(parts: ClusterKeysParts): ClusterTrust {
  const keys = new ClusterKeys(parts);
  const tokens = new ServiceAccountTokens({ ...parts, signingKey: () => keys.signingKey() });
  return {
    keys,
    tokens,
    issueForPod: async ({ namespace, serviceAccount, pod, audience, expirationSeconds }) => {
      const account = await parts.registry.current(serviceAccountKind as KindDescriptor, { namespace, name: serviceAccount });
      if (account === undefined) throw notFound(serviceAccountKind, serviceAccount);
      return tokens.issue({
        namespace,
        account: { name: serviceAccount, uid: account.metadata.uid },
        audiences: audience === undefined ? [] : [audience],
        expirationSeconds,
        bound: { kind: 'Pod', ...pod },
      });
    },
  };
}
