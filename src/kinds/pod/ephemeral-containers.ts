import { deepEqual } from '../../api/deep-equal.ts';
import type { PodManifest } from '../../api/generated/models.ts';
import type { PartSubresource } from '../../api/kind.ts';

const path = 'spec.ephemeralContainers';

/**
 * `pods/ephemeralcontainers`: containers for debugging, added to a Pod that runs. None of them is ever changed or taken away.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
 */
export const ephemeralContainersPart: PartSubresource<PodManifest> = {
  take: (given, old) => {
    const { ephemeralContainers: _old, ...spec } = old.spec!;
    const { ephemeralContainers = [] } = given.spec ?? {};
    return { ...old, spec: ephemeralContainers.length === 0 ? spec : { ...spec, ephemeralContainers } };
  },
  validateUpdate: (pod, old, errors) => {
    const now = new Map((pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
    for (const before of old.spec?.ephemeralContainers ?? []) {
      const kept = now.get(before.name);
      const name = JSON.stringify(before.name);
      if (kept === undefined) errors.forbidden(path, `existing ephemeral containers ${name} may not be removed\n`);
      else if (!deepEqual(kept, before)) errors.forbidden(path, `existing ephemeral containers ${name} may not be changed\n`);
    }
  },
};
