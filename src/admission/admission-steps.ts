import type { AdmissionStep } from '../api/admission.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { customResourceRules } from './custom-resource-rules.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { FieldSupport } from '../kinds/field-support.ts';
import { fieldWarnings } from './field-warnings.ts';
import { limitRanger } from './limit-ranger.ts';
import { matchLabelKeys } from './match-label-keys.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { priority } from './priority.ts';
import type { QuotaAdmission } from './quota-admission.ts';
import { runtimeClass } from './runtime-class.ts';
import type { ServiceAllocation } from './service-allocation.ts';
import { taintNewNodes } from './taint-new-nodes.ts';

/** The built-in admission steps, in Kubernetes' order. */
export function admissionSteps(env: { readonly services: ServiceAllocation; readonly quotas: QuotaAdmission }): readonly AdmissionStep[] {
  return [
    namespaceLifecycle,
    limitRanger(),
    taintNewNodes,
    priority(),
    defaultTolerationSeconds(),
    defaultStorageClass,
    env.services.step(),
    runtimeClass(),
    matchLabelKeys(),
    customResourceRules,
    fieldWarnings(new FieldSupport()),
    // The last, as in Kubernetes: what is refused by others is charged to nobody.
    env.quotas.step(),
  ];
}
