import type { AdmissionStep } from '../api/admission.ts';
import type { NodeManifest } from '../api/generated/models.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

/**
 * Nodes that users bring get no Pods before somebody has seen them ready. (Kubelets of this process, and the host, know theirs.)
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition
 */
export const taintNewNodes: AdmissionStep = {
  name: 'TaintNodesByCondition',
  mutate: ({ operation, kind, subresource, identity, object }) => {
    if (operation !== 'CREATE' || kind.kind !== 'Node' || kind.group !== '' || subresource !== '' || identity.role !== 'user')
      return undefined;
    const node = object as NodeManifest;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === notReady.key && taint.effect === notReady.effect)) return undefined;
    return { object: { ...node, spec: { ...node.spec, taints: [...taints, notReady] } } as NodeManifest };
  },
};
