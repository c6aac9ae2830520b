import type { CSINodeManifest, PersistentVolumeSpec, Volume } from '../api/generated/models.ts';
import type { FollowedObjects } from './followed-objects.ts';
import { claimsOf, classOf, volumeOf, type StoredClaim } from './pod-claims.ts';
import type { PodInfo } from './pod-info.ts';

/** A volume that a CSI driver serves. */
export interface CsiVolume {
  readonly driver: string;
  /** Equal for the same volume of the driver. */
  readonly handle: string;
  /** Set if Kubernetes had a driver of its own for it once: the CSI driver serves it on nodes that say so. */
  readonly builtIn?: string;
}

type Sources = Pick<
  PersistentVolumeSpec & Volume,
  'awsElasticBlockStore' | 'gcePersistentDisk' | 'azureDisk' | 'cinder' | 'portworxVolume'
>;

interface BuiltIn {
  readonly name: string;
  readonly driver: string;
  readonly handleOf: (sources: Sources) => string | undefined;
}

/** The one of the old drivers that nodes have to name among those that are replaced. */
const portworx = 'kubernetes.io/portworx-volume';

const builtIns: readonly BuiltIn[] = [
  {
    name: 'kubernetes.io/aws-ebs',
    driver: 'ebs.csi.aws.com',
    handleOf: ({ awsElasticBlockStore: disk }) => disk?.volumeID.slice(disk.volumeID.lastIndexOf('/') + 1),
  },
  { name: 'kubernetes.io/gce-pd', driver: 'pd.csi.storage.gke.io', handleOf: ({ gcePersistentDisk: disk }) => disk?.pdName },
  { name: 'kubernetes.io/azure-disk', driver: 'disk.csi.azure.com', handleOf: ({ azureDisk: disk }) => disk?.diskURI },
  { name: 'kubernetes.io/cinder', driver: 'cinder.csi.openstack.org', handleOf: ({ cinder }) => cinder?.volumeID },
  { name: portworx, driver: 'pxd.portworx.com', handleOf: ({ portworxVolume: volume }) => volume?.volumeID },
];

/** True if the volume counts on a node that says this of its drivers. */
export function countsOn(node: CSINodeManifest | undefined, { builtIn }: CsiVolume): boolean {
  if (builtIn === undefined) return true;
  if (node === undefined || builtIn !== portworx) return node !== undefined;
  return (node.metadata?.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'] ?? '').split(',').includes(builtIn);
}

/** True if the volume counts on every node that has a limit for its driver. */
export const countsAlways = ({ builtIn }: CsiVolume): boolean => builtIn !== portworx;

/** True if a pod may have volumes of CSI drivers at all. */
export function mayHaveCsiVolumes({ object }: PodInfo): boolean {
  return (object.spec?.volumes ?? []).some(
    (volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || builtInOf(volume) !== undefined,
  );
}

/** The volumes of a pod that CSI drivers serve. One that is not bound counts for the driver that is to make it. */
export function csiVolumesOf(pod: PodInfo, objects: FollowedObjects): readonly CsiVolume[] {
  const inline = (pod.object.spec?.volumes ?? []).flatMap((volume) => builtInOf(volume) ?? []);
  return [...inline, ...claimsOf(pod, objects).flatMap(({ claim }) => (claim === undefined ? [] : (volumeOfClaim(claim, objects) ?? [])))];
}

function volumeOfClaim(claim: StoredClaim, objects: FollowedObjects): CsiVolume | undefined {
  const { spec } = volumeOf(claim, objects) ?? {};
  if (spec?.csi !== undefined) return { driver: spec.csi.driver, handle: spec.csi.volumeHandle };
  if (spec !== undefined) return builtInOf(spec);
  const provisioner = classOf(claim, objects)?.provisioner;
  if (provisioner === undefined) return undefined;
  const handle = `${claim.metadata.namespace}/${claim.metadata.name}`;
  const builtIn = builtIns.find(({ name }) => name === provisioner);
  return builtIn === undefined ? { driver: provisioner, handle } : { driver: builtIn.driver, handle, builtIn: builtIn.name };
}

function builtInOf(sources: Sources): CsiVolume | undefined {
  for (const { name, driver, handleOf } of builtIns) {
    const handle = handleOf(sources);
    if (handle !== undefined) return { driver, handle, builtIn: name };
  }
  return undefined;
}
