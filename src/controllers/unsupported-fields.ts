import type { PodManifest } from '../api/generated/models.ts';
import type { Stored, StoredObject } from '../api/object.ts';
import { FieldSupport } from '../kinds/field-support.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import { runtimeOf } from '../kinds/runtime-name.ts';
import type { Controller, Plan } from './controller.ts';

const nothing: Plan = { writes: [] };
const listedMax = 5;
const nodeOf = (pod: StoredObject | undefined): string | undefined => (pod as Stored<PodManifest> | undefined)?.spec?.nodeName;
const hasStarted = (pod: StoredObject): boolean => (pod as Stored<PodManifest>).status?.startTime !== undefined;

/**
 * Says in an Event of each pod, once it is bound, which of its fields the runtime of its node does not honour: whoever made the
 * pod may never see a warning of the API (its ReplicationController made it).
 */
export function unsupportedFields(support: FieldSupport = new FieldSupport()): Controller {
  return {
    name: 'unsupported-fields',
    triggers: [
      {
        kind: podKind,
        keys: ({ object, previous }) => {
          const isNew = nodeOf(object) !== undefined && nodeOf(previous) === undefined;
          return isNew && !hasStarted(object) ? [`${object.metadata.namespace}/${object.metadata.name}`] : [];
        },
      },
    ],
    reconcile(view, key) {
      const [namespace, name = ''] = key.split('/');
      const pod = view.get(podKind, namespace, name);
      const node = view.get(nodeKind, undefined, pod?.spec?.nodeName ?? '');
      if (pod?.spec === undefined || node === undefined) return nothing;
      const runtime = runtimeOf(node);
      const uses = runtime === undefined ? [] : support.find('PodSpec', pod.spec, runtime);
      if (uses.length === 0) return nothing;
      const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: pod.metadata.namespace ?? '', name, uid: pod.metadata.uid };
      const listed = uses.slice(0, listedMax).map(({ path, why }) => `spec.${path} (${why})`);
      const rest = uses.length > listedMax ? ` and ${uses.length - listedMax} more` : '';
      const message = `the ${runtime} runtime does not honour ${listed.join(', ')}${rest}`;
      return { writes: [], events: [{ regarding, type: 'Warning', reason: 'UnsupportedField', message }] };
    },
  };
}
