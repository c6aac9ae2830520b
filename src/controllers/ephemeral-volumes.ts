import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject } from '../api/object.ts';
import { persistentVolumeClaimKind } from '../kinds/persistent-volume-claim.ts';
import { podKind } from '../kinds/pod.ts';
import type { Controller, PlannedWrite } from './controller.ts';
import { controllerRef, isActive, type Pod } from './pods.ts';

/**
 * Makes the claims of generic ephemeral volumes: each lives as long as its Pod.
 * Source: https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
 */
export const ephemeralVolumes: Controller = {
  name: 'ephemeral-volume',
  triggers: [
    {
      kind: podKind,
      keys: ({ type, object }) =>
        type !== 'deleted' && (object as Pod).spec?.volumes?.some((volume) => volume.ephemeral !== undefined) === true
          ? [`${object.metadata.namespace ?? ''}/${object.metadata.name}`]
          : [],
    },
  ],
  reconcile(view, key) {
    const [namespace = '', name = ''] = key.split('/');
    const pod = view.get(podKind, namespace, name);
    if (pod === undefined || !isActive(pod)) return { writes: [] };
    const writes = (pod.spec?.volumes ?? []).flatMap((volume): PlannedWrite[] => {
      const template = volume.ephemeral?.volumeClaimTemplate;
      const claimName = `${name}-${volume.name}`;
      if (template === undefined || view.get(persistentVolumeClaimKind, namespace, claimName) !== undefined) return [];
      const { labels, annotations } = template.metadata ?? {};
      const object = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: claimName,
          namespace,
          ...(labels === undefined ? {} : { labels }),
          ...(annotations === undefined ? {} : { annotations }),
          ownerReferences: [controllerRef(podKind as KindDescriptor, pod)],
        },
        spec: template.spec,
      };
      return [{ verb: 'create', kind: persistentVolumeClaimKind as KindDescriptor, object: object as KubeObject }];
    });
    return { writes };
  },
};
