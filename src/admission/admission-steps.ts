import type { AdmissionStep } from '../api/admission.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { FieldSupport } from '../kinds/field-support.ts';
import { fieldWarnings } from './field-warnings.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import type { ServiceAllocation } from './service-allocation.ts';
import { taintNewNodes } from './taint-new-nodes.ts';

/** The built-in admission steps, in Kubernetes' order. */
export function admissionSteps(env: { readonly services: ServiceAllocation }): readonly AdmissionStep[] {
  return [
    namespaceLifecycle,
    taintNewNodes,
    priority(),
    defaultTolerationSeconds(),
    env.services.step(),
    runtimeClass,
    fieldWarnings(new FieldSupport()),
  ];
}
