import type { AdmissionStep } from '../api/admission.ts';
import { partOf } from '../api/kind.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { FieldSupport } from '../kinds/field-support.ts';
import { nodeKind } from '../kinds/node.ts';
import { runtimeOf } from '../kinds/runtime-name.ts';

/** Tells whoever creates an object which of its fields will not be honoured, by all or by some of this cluster's runtimes. */
export function fieldWarnings(support: FieldSupport): AdmissionStep {
  const known = new WeakMap<readonly object[], ReadonlySet<string>>();
  /** Of the nodes as they are listed; '' stands for what no runtime honours. */
  const runtimes = (view: ViewReader): ReadonlySet<string> => {
    const nodes = view.list(nodeKind);
    let names = known.get(nodes);
    if (names === undefined) known.set(nodes, (names = new Set(['', ...nodes.flatMap((node) => runtimeOf(node) ?? [])])));
    return names;
  };
  return {
    name: 'FieldWarnings',
    validate: ({ operation, kind, object, subresource, identity, view, warn }) => {
      const isNew = operation === 'CREATE' ? subresource === '' : partOf(kind, subresource) !== undefined;
      if (!isNew || kind.openapi !== undefined) return;
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
