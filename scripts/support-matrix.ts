import { SchemaTable } from '../src/api/schema.ts';
import { unsupportedFields, type BuiltInRuntime, type UnsupportedField } from '../src/kinds/unsupported-fields.ts';

/** The models from which the matrix starts: what users write. Statuses are written by the cluster. */
const roots = [
  'PodSpec',
  'ReplicationControllerSpec',
  'ReplicaSetSpec',
  'DeploymentSpec',
  'DaemonSetSpec',
  'StatefulSetSpec',
  'JobSpec',
  'CronJobSpec',
  'V2HorizontalPodAutoscalerSpec',
  'PodDisruptionBudgetSpec',
  'ResourceQuotaSpec',
  'LimitRangeSpec',
  'ServiceSpec',
  'NodeSpec',
  'NamespaceSpec',
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'PriorityClass',
  'RuntimeClass',
  'Endpoints',
  'EndpointSlice',
  'Event',
  'LeaseSpec',
  'ObjectMeta',
];
const runtimes: readonly BuiltInRuntime[] = ['simulated', 'in-process', 'process', 'docker'];

export const begin = '<!-- made by npm run support -->';
export const end = '<!-- end of what npm run support made -->';

/** Fields of the schema that Kubernetes 1.33 knows behind a feature gate alone, and validation refuses. */
const refused: Readonly<Record<string, string>> = {
  'PodSpec.resources': 'refused: in 1.33 behind a feature gate that is off',
  'RollingUpdateStatefulSetStrategy.maxUnavailable': 'refused: in 1.33 behind a feature gate that is off',
};

/** The models reachable from the roots, in the order in which they are met; statuses are written by the cluster. */
function models(table: SchemaTable): readonly string[] {
  const met: string[] = [];
  const queue = [...roots];
  for (let model = queue.shift(); model !== undefined; model = queue.shift()) {
    if (met.includes(model)) continue;
    met.push(model);
    for (const [field, { element }] of table.model(model)) {
      const isWritten = 'model' in element && field !== 'status';
      if (isWritten && !isNeverHonoured(`${model}.${field}`)) queue.push(element.model);
    }
  }
  return met;
}

const isNeverHonoured = (path: string): boolean =>
  unsupportedFields.some(({ field, runtimes: on, when }) => field === path && on === 'all' && when === undefined);

function cell(lines: readonly UnsupportedField[], runtime: BuiltInRuntime): string {
  const concerning = lines.filter(({ runtimes: concerned }) => concerned === 'all' || concerned.includes(runtime));
  if (concerning.length === 0) return 'yes';
  return concerning.some(({ when }) => when === undefined) ? 'warns' : 'partly';
}

/** The table: each model, its fields that are honoured everywhere on one line, each of the others on a line of its own. */
export function supportMatrix(table: SchemaTable = new SchemaTable()): string {
  const rows: string[] = [];
  for (const model of models(table)) {
    const fields = [...table.model(model).keys()];
    const linesOf = (field: string): readonly UnsupportedField[] => unsupportedFields.filter((line) => line.field === `${model}.${field}`);
    const plain = fields.filter((field) => linesOf(field).length === 0 && refused[`${model}.${field}`] === undefined);
    if (plain.length > 0)
      rows.push(`| \`${model}\` | ${plain.map((field) => `\`${field}\``).join(', ')} | ${runtimes.map(() => 'yes').join(' | ')} | |`);
    for (const field of fields) {
      const why = refused[`${model}.${field}`];
      if (why !== undefined) rows.push(`| \`${model}\` | \`${field}\` | ${runtimes.map(() => 'refused').join(' | ')} | ${why} |`);
    }
    for (const field of fields.filter((each) => linesOf(each).length > 0)) {
      const lines = linesOf(field);
      rows.push(
        `| \`${model}\` | \`${field}\` | ${runtimes.map((runtime) => cell(lines, runtime)).join(' | ')} | ${lines.map(({ why }) => why).join('; ')} |`,
      );
    }
  }
  return [`| model | fields | ${runtimes.join(' | ')} | |`, `|---|---|${runtimes.map(() => '---|').join('')}---|`, ...rows].join('\n');
}

/** The page with its table made anew. */
export function withMatrix(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`docs/support.md: expected the lines ${begin} and ${end}`);
  return `${before}${begin}\n\n${supportMatrix()}\n\n${end}${after}`;
}
