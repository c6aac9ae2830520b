import type { AdmissionStep } from '../api/admission.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { FieldSupport } from '../kinds/field-support.ts';
import { nodeKind } from '../kinds/node.ts';
import { runtimeOf } from '../kinds/runtime-name.ts';

/** Tells whoever creates an object which of its fields will not be honoured, by all or by some of this cluster's runtimes. */
export function fieldWarnings(support: FieldSupport): AdmissionStep {
  return {
    name: 'FieldWarnings',
    validate: ({ operation, kind, object, subresource, identity, view, warn }) => {
      if (operation !== 'CREATE' || subresource !== '') return;
      // The parts of the cluster read no warnings.
      if (identity.role !== 'user' && identity.role !== 'host') return;
      for (const runtime of runtimes(view)) {
        for (const { path, why, becauseOfRuntime } of support.find(kind.model, object, runtime)) {
          if (becauseOfRuntime) warn(`${path}: not honoured by the ${runtime} runtime: ${why}`);
          else if (runtime === '') warn(`${path}: not honoured: ${why}`);
        }
      }
    },
  };
}

/** '' stands for what no runtime honours. */
function runtimes(view: ViewReader): ReadonlySet<string> {
  return new Set(['', ...view.list(nodeKind).flatMap((node) => runtimeOf(node) ?? [])]);
}
