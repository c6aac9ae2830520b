import type { FieldErrors } from '../api/field-errors.ts';
import type { PriorityClassManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateChoice } from './field-checks.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const systemPrefix = 'system-';
const userPriorityMax = 1_000_000_000;
const preemptionPolicies = ['PreemptLowerPriority', 'Never'];
/** The two classes that every cluster has, above all that users may define. */
export const systemPriorities: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

function validate({ metadata, value, preemptionPolicy, globalDefault }: PriorityClassManifest, errors: FieldErrors): void {
  const name = metadata?.name ?? '';
  if (!name.startsWith(systemPrefix)) {
    if (value > userPriorityMax) errors.forbidden('value', `maximum allowed value of a user defined priority is ${userPriorityMax}`);
  } else if (systemPriorities.get(name) !== value || globalDefault === true) {
    const why = "priority class names with 'system-' prefix are reserved for system use only";
    errors.forbidden(
      'metadata.name',
      `${why}. error: ${systemPriorities.has(name) ? `value of ${name} is incorrect` : `${name} is not a known system priority class`}`,
    );
  }
  if (preemptionPolicy !== undefined) validateChoice(preemptionPolicy, preemptionPolicies, 'preemptionPolicy', errors);
}

function validateUpdate(priority: PriorityClassManifest, old: PriorityClassManifest, errors: FieldErrors): void {
  if (priority.value !== old.value) errors.forbidden('value', 'may not be changed in an update.');
  if (priority.preemptionPolicy !== old.preemptionPolicy)
    errors.invalid('preemptionPolicy', priority.preemptionPolicy, 'field is immutable');
}

export const priorityClassKind: KindDescriptor<PriorityClassManifest> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  categories: [],
  namespaced: false,
  model: 'PriorityClass',
  nameRule: 'dns1123-subdomain',
  hasGeneration: 'constant',
  updatesUnconditionally: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    column('Value', (priority) => priority.value, { type: 'integer' }),
    column('Global-Default', (priority) => priority.globalDefault ?? false, { type: 'boolean' }),
    ageColumn,
  ],
};

/**
 * How important Pods are.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export class PriorityClass extends Handle<PriorityClassManifest> {
  constructor(manifest: PriorityClassManifest, client?: Client) {
    super(priorityClassKind, manifest, client);
  }

  get value(): PriorityClassManifest['value'] {
    return this.object.value;
  }
}
