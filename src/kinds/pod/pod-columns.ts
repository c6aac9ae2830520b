import type { PodManifest } from '../../api/generated/models.ts';
import type { PrintedColumn, RowCondition } from '../../api/kind.ts';
import type { Stored } from '../../api/object.ts';
import { ageColumn, ageOf, column, nameColumn, orNone } from '../columns.ts';
import { summarizePod } from './pod-summary.ts';

function readinessGates(pod: Stored<PodManifest>): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const open = gates.filter(
    (gate) => pod.status?.conditions?.find((condition) => condition.type === gate.conditionType)?.status === 'True',
  ).length;
  return `${open}/${gates.length}`;
}

export const podColumns: readonly PrintedColumn<Stored<PodManifest>>[] = [
  nameColumn,
  column('Ready', (pod) => {
    const { ready, total } = summarizePod(pod);
    return `${ready}/${total}`;
  }),
  column('Status', (pod) => summarizePod(pod).text),
  column(
    'Restarts',
    (pod, nowMs) => {
      const { restarts, lastRestart } = summarizePod(pod);
      return restarts === 0 || lastRestart === undefined ? restarts : `${restarts} (${ageOf(lastRestart, nowMs)} ago)`;
    },
    { type: 'integer' },
  ),
  ageColumn,
  column('IP', (pod) => orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP), { wide: true }),
  column('Node', (pod) => orNone(pod.spec?.nodeName), { wide: true }),
  column('Nominated Node', (pod) => orNone(pod.status?.nominatedNodeName), { wide: true }),
  column('Readiness Gates', readinessGates, { wide: true }),
];

export function endOfPod(phase: string | undefined): readonly RowCondition[] {
  if (phase === 'Succeeded') return [{ type: 'Completed', status: 'True', reason: phase, message: 'The pod has completed successfully.' }];
  return phase === 'Failed' ? [{ type: 'Completed', status: 'True', reason: phase, message: 'The pod failed.' }] : [];
}
