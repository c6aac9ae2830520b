import type { KindDescriptor } from '../api/kind.ts';

function review(group: 'authentication.k8s.io' | 'authorization.k8s.io', kind: string, namespaced = false): KindDescriptor {
  const singular = kind.toLowerCase();
  return {
    group,
    version: 'v1',
    kind,
    plural: `${singular}s`,
    singular,
    shortNames: [],
    categories: [],
    namespaced,
    model: kind,
    nameRule: 'dns1123-subdomain',
    hasGeneration: false,
    hasStatus: false,
    verbs: ['create'],
  };
}

/**
 * Questions about who somebody is and what he may do: they are created, answered, and never stored.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/
 */
export const reviewKinds: readonly KindDescriptor[] = [
  review('authentication.k8s.io', 'TokenReview'),
  review('authentication.k8s.io', 'SelfSubjectReview'),
  review('authorization.k8s.io', 'SubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview'),
  review('authorization.k8s.io', 'LocalSubjectAccessReview', true),
];
