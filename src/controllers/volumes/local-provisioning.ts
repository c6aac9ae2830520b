import type { StorageClassManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, Stored } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { nodeKind } from '../../kinds/node.ts';
import { persistentVolumeKind } from '../../kinds/persistent-volume.ts';
import { localDriver, localNodeAnnotation, localProvisioner, localVolumeFinalizer } from '../../kinds/persistent-volume/local-volumes.ts';
import type { Plan } from '../controller.ts';
import { readyStatus, type Node } from '../node-health.ts';
import { refOf } from '../pods.ts';
import { claimPhase, event, provisionedBy, selectedNode, storageProvisioner, updateClaim, type Claim } from './volume-state.ts';

const hostnameLabel = 'kubernetes.io/hostname';

/** Makes the volume of a claim: on the node that its Pod is to run on, or on the first that is ready. */
export function provision(view: ViewReader, claim: Claim, storageClass: Stored<StorageClassManifest>): Plan {
  if (claim.metadata.annotations?.[storageProvisioner] !== localProvisioner)
    return { writes: [updateClaim(claim, { annotations: { ...claim.metadata.annotations, [storageProvisioner]: localProvisioner } })] };
  const failed = (message: string): Plan =>
    claimPhase(claim, 'Pending', undefined, [event(claim, 'Warning', 'ProvisioningFailed', message)]);
  if (claim.spec?.volumeMode === 'Block') return failed('the local provisioner makes no block volumes');
  const node = nodeFor(view, claim);
  if (node === undefined) return failed('there is no node that is ready and could hold the volume');
  const name = `pvc-${claim.metadata.uid}`;
  if (view.get(persistentVolumeKind, undefined, name) !== undefined) return { writes: [] };
  const { name: claimName, namespace = '', uid } = claim.metadata;
  const told = {
    regarding: refOf(claim),
    success: { reason: 'ProvisioningSucceeded', message: `Successfully provisioned volume ${name}` },
    failure: { reason: 'ProvisioningFailed', message: 'Error creating provisioned PV object for claim' },
  };
  const hostname = node.metadata.labels?.[hostnameLabel] ?? node.metadata.name;
  const object = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { [provisionedBy]: localProvisioner, [localNodeAnnotation]: node.metadata.name },
      finalizers: [localVolumeFinalizer],
    },
    spec: {
      capacity: claim.spec?.resources?.requests ?? {},
      accessModes: claim.spec?.accessModes ?? [],
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      ...(storageClass.mountOptions === undefined ? {} : { mountOptions: storageClass.mountOptions }),
      volumeMode: 'Filesystem',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid },
      csi: { driver: localDriver, volumeHandle: name },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [hostname] }] }] },
      },
    },
  };
  return { writes: [{ verb: 'create', kind: persistentVolumeKind as KindDescriptor, object: object as KubeObject, told }] };
}

function nodeFor(view: ViewReader, claim: Claim): Node | undefined {
  const chosen = claim.metadata.annotations?.[selectedNode];
  if (chosen !== undefined) return view.get(nodeKind, undefined, chosen);
  return view.list(nodeKind).find((node) => readyStatus(node) === 'True' && node.spec?.unschedulable !== true);
}
