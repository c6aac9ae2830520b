import type { Client } from '../api/client.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { RuntimeClassManifest, Scheduling, Toleration } from '../api/generated/models.ts';
import { Handle } from '../api/handle.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { validateLabels } from '../api/label-validation.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateDnsLabel } from './field-checks.ts';
import { validateResourceRequirements } from './pod/resource-requirements.ts';
import { validateTolerations } from './taints.ts';

function validateScheduling({ nodeSelector, tolerations = [] }: Scheduling, path: string, errors: FieldErrors): void {
  validateLabels(nodeSelector, `${path}.nodeSelector`, errors);
  validateTolerations(tolerations, `${path}.tolerations`, errors);
  for (const [i, toleration] of tolerations.entries()) {
    const isTwice = tolerations.slice(0, i).some((before: Toleration) => deepEqual(before, toleration));
    if (isTwice) errors.duplicate(`${path}.tolerations[${i}]`, toleration);
  }
}

function validate({ handler, overhead, scheduling }: RuntimeClassManifest, errors: FieldErrors): void {
  validateDnsLabel(handler, 'handler', errors);
  if (overhead?.podFixed !== undefined) validateResourceRequirements({ limits: overhead.podFixed }, 'overhead.podFixed', errors);
  if (scheduling !== undefined) validateScheduling(scheduling, 'scheduling', errors);
}

export const runtimeClassKind: KindDescriptor<RuntimeClassManifest> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  model: 'RuntimeClass',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  updatesUnconditionally: false,
  hasStatus: false,
  validate,
  validateUpdate: ({ handler }, old, errors) => {
    if (handler !== old.handler) errors.invalid('handler', handler, 'field is immutable');
  },
  columns: [nameColumn, column('Handler', ({ handler }) => handler), ageColumn],
};

/**
 * What the Pods that name it are run by, what that costs besides their containers, and which nodes have it.
 * Source: https://kubernetes.io/docs/concepts/containers/runtime-class/
 *
 * @example
 * await cluster.runtimeClasses.create({ metadata: { name: 'sandboxed' }, handler: 'runsc', overhead: { podFixed: { memory: '64Mi' } } });
 */
export class RuntimeClass extends Handle<RuntimeClassManifest> {
  constructor(manifest: RuntimeClassManifest, client?: Client) {
    super(runtimeClassKind, manifest, client);
  }

  get handler(): string {
    return this.object.handler;
  }

  get overhead(): RuntimeClassManifest['overhead'] {
    return this.object.overhead;
  }
}
