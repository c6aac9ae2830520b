import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { DaemonSetManifest, DaemonSetSpec, DaemonSetUpdateStrategy } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { validateLabelSelector } from '../api/label-validation.ts';
import { ageColumn, column, containersColumn, imagesColumn, labelsText, nameColumn, selectorText } from './columns.ts';
import { validateNonNegative, validateUnchanged } from './field-checks.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validatePodTemplate } from './pod/pod-spec.ts';
import { validateCollisionCount } from './replica-status.ts';
import { isNone, validateAtMostAll, validateIntOrPercent } from './workload/int-or-percent.ts';
import { compiled, isEmptySelector, validateEndless, validateSelected } from './workload/template-validation.ts';
import type { Client } from '../api/client.ts';
import { daemonSetProgress } from './workload/set-progress.ts';
import { RevisionedOwner } from './workload/revisioned-owner.ts';
import type { RolloutProgress } from './workload/rollout.ts';

/** Counts the changes of the template; older clients read it. */
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';
const statusCounts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

function defaultSpec(spec: Draft<DaemonSetSpec>): void {
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= 1;
    strategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
}

function setTemplateGeneration(draft: Draft<DaemonSetManifest>, generation: number): void {
  const annotations = { ...draft.metadata?.annotations, [templateGenerationAnnotation]: String(generation) };
  draft.metadata = { ...draft.metadata, annotations };
}

function templateGenerationOf(set: DaemonSetManifest): number {
  return Number(set.metadata?.annotations?.[templateGenerationAnnotation] ?? 1);
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, errors: FieldErrors): void {
  if (strategy.type === 'OnDelete') return;
  if (strategy.type !== 'RollingUpdate')
    return errors.notSupported('spec.updateStrategy', goValue('apps.DaemonSetUpdateStrategy', strategy), ['RollingUpdate', 'OnDelete']);
  const path = 'spec.updateStrategy.rollingUpdate';
  const rolling = strategy.rollingUpdate;
  if (rolling === undefined) return errors.required(path);
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateAtMostAll(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateIntOrPercent(maxSurge, `${path}.maxSurge`, errors);
  validateAtMostAll(maxSurge, `${path}.maxSurge`, errors);
  const unavailable = !isNone(maxUnavailable);
  const surge = !isNone(maxSurge);
  if (unavailable && surge)
    errors.invalid(`${path}.maxSurge`, goValue('intstr.IntOrString', maxSurge), 'may not be set when maxUnavailable is non-zero');
  if (!unavailable && !surge) errors.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}

function validate(set: DaemonSetManifest, errors: FieldErrors): void {
  const spec: Partial<DaemonSetSpec> = set.spec ?? {};
  const { selector, template = {} } = spec;
  validateLabelSelector(selector, 'spec.selector', errors);
  const matcher = compiled(selector);
  if (matcher !== undefined) validateSelected(template, matcher, 'spec.template', errors);
  if (selector !== undefined && isEmptySelector(selector))
    errors.invalid('spec.selector', goValue('v1.LabelSelector', selector), 'empty selector is invalid for daemonset');
  validatePodTemplate(template, 'spec.template', errors);
  validateEndless(template, 'DaemonSet', 'spec.template', errors);
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
  validateStrategy(spec.updateStrategy ?? {}, errors);
  validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors);
}

export const daemonSetKind: KindDescriptor<DaemonSetManifest> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  model: 'DaemonSet',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: true,
  applyDefaults: ({ spec }) => {
    if (spec !== undefined && !Object.isFrozen(spec)) defaultSpec(spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    setTemplateGeneration(draft, 1);
  },
  prepareForUpdate: (draft, old) => {
    const before = templateGenerationOf(old);
    setTemplateGeneration(draft, deepEqual(draft.spec?.template, old.spec?.template) ? before : before + 1);
  },
  prepareForStatusUpdate: (draft, old) => {
    setTemplateGeneration(draft, templateGenerationOf(old));
  },
  validate,
  validateUpdate: (set, old, errors) => {
    // Kubernetes checks the whole object a second time on updates, and says everything twice.
    validate(set, errors);
    validateUnchanged(set.spec?.selector, old.spec?.selector, 'spec.selector', errors, 'v1.LabelSelector');
  },
  validateStatusUpdate: ({ status }, old, errors) => {
    for (const count of statusCounts) validateNonNegative(status?.[count], `status.${count}`, errors);
    validateCollisionCount(status?.collisionCount, old.status?.collisionCount, errors);
  },
  columns: [
    nameColumn,
    column('Desired', ({ status }) => status?.desiredNumberScheduled ?? 0, { type: 'integer' }),
    column('Current', ({ status }) => status?.currentNumberScheduled ?? 0, { type: 'integer' }),
    column('Ready', ({ status }) => status?.numberReady ?? 0, { type: 'integer' }),
    column('Up-to-date', ({ status }) => status?.updatedNumberScheduled ?? 0, { type: 'integer' }),
    column('Available', ({ status }) => status?.numberAvailable ?? 0, { type: 'integer' }),
    column('Node Selector', ({ spec }) => labelsText(spec?.template.spec?.nodeSelector)),
    ageColumn,
    containersColumn((set) => set.spec?.template),
    imagesColumn((set) => set.spec?.template),
    column('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
};

/**
 * Keeps one Pod on every node that takes it.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
 */
export class DaemonSet extends RevisionedOwner<DaemonSetManifest> {
  constructor(manifest: DaemonSetManifest, client?: Client) {
    super(daemonSetKind, manifest, client);
  }

  get spec(): DaemonSetSpec {
    return this.object.spec!;
  }

  get status(): Partial<NonNullable<DaemonSetManifest['status']>> {
    return this.object.status ?? {};
  }

  protected progress(): RolloutProgress {
    return daemonSetProgress(this.object);
  }
}
