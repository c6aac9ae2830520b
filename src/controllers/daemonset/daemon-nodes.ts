import type { NodeManifest, PodSpec, PodTemplateSpec, Toleration } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { nodeSelectorTest } from '../../kinds/node-selector-match.ts';

type Node = Stored<NodeManifest>;

/** Whether a node is to have the Pod, and whether it may keep one it has. */
export interface Suitability {
  readonly shouldRun: boolean;
  readonly mayKeep: boolean;
}

const conditions = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'] as const;

/**
 * What every daemon Pod puts up with: it stays on nodes that are in trouble.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
 */
function daemonTolerations({ hostNetwork }: PodSpec): readonly Toleration[] {
  const exists = (name: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect });
  return [
    exists('not-ready', 'NoExecute'),
    exists('unreachable', 'NoExecute'),
    ...conditions.map((condition) => exists(condition, 'NoSchedule')),
    ...(hostNetwork === true ? [exists('network-unavailable', 'NoSchedule')] : []),
  ];
}

/** The spec with these tolerations added to its own. */
export function tolerating(spec: PodSpec): PodSpec {
  const own = spec.tolerations ?? [];
  const same = (a: Toleration, b: Toleration): boolean => a.key === b.key && a.operator === b.operator && a.effect === b.effect;
  const added = daemonTolerations(spec).filter((each) => !own.some((known) => same(known, each) && known.tolerationSeconds === undefined));
  return { ...spec, tolerations: [...own, ...added] };
}

/** The spec pinned to one node: the default scheduler does the binding. */
export function pinnedTo(node: string, spec: PodSpec): PodSpec {
  const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
  return {
    ...spec,
    affinity: {
      ...spec.affinity,
      nodeAffinity: { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
    },
  };
}

/** The node a daemon Pod is for: the one it is bound to, or pinned to. */
export function nodeOf(spec: PodSpec | undefined): string {
  if (spec?.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  for (const term of spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [])
    for (const { key, operator, values } of term.matchFields ?? [])
      if (key === 'metadata.name' && operator === 'In' && values?.length === 1) return values[0]!;
  return '';
}

/** The test that a template makes of nodes. */
export function suitabilityTest(template: PodTemplateSpec): (node: Node) => Suitability {
  const spec = tolerating(template.spec ?? { containers: [] });
  const wantedLabels = Object.entries(spec.nodeSelector ?? {});
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const affine = required === undefined ? () => true : nodeSelectorTest(required);
  return (node) => {
    const { name, labels = {} } = node.metadata;
    const fits =
      ((spec.nodeName ?? '') === '' || spec.nodeName === name) &&
      wantedLabels.every(([key, value]) => labels[key] === value) &&
      affine({ name, labels });
    if (!fits) return { shouldRun: false, mayKeep: false };
    const untolerated = (node.spec?.taints ?? []).filter(
      (taint) => taint.effect !== 'PreferNoSchedule' && !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
    );
    return { shouldRun: untolerated.length === 0, mayKeep: !untolerated.some(({ effect }) => effect === 'NoExecute') };
  };
}

function tolerates(toleration: Toleration, taint: { readonly key: string; readonly value?: string; readonly effect: string }): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '');
}
