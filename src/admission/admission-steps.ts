import type { AdmissionStep } from '../api/admission.ts';
import type { Random } from '../env/random.ts';
import type { Store } from '../stores/store.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';

/** What the built-in admission steps may need. */
export interface AdmissionEnv {
  readonly store: Store;
  readonly random: Random;
  readonly options: { readonly serviceCidr?: string; readonly nodePorts?: { readonly from: number; readonly to: number } };
}

/** The built-in admission steps, in their order. */
export function admissionSteps(env: AdmissionEnv): readonly AdmissionStep[] {
  void env;
  return [namespaceLifecycle];
}
