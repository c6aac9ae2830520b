import type { PersistentVolumeClaimManifest, PersistentVolumeManifest, ProjectedVolumeSource, Volume } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { Quantity } from '../api/quantity.ts';
import type { VolumeContent, VolumeFile } from '../runtimes/runtime.ts';
import { localDriver } from '../kinds/persistent-volume/local-volumes.ts';
import type { ValueSource } from './environment.ts';
import type { PodFacts } from './field-values.ts';
import type { StoredPod } from './pod-containers.ts';
import { configMapFiles, defaultFileMode, downwardFiles, secretFiles, volumeFailure } from './volume-files.ts';

/** What volumes are made from. */
export interface VolumeSource extends ValueSource {
  claim(namespace: string, name: string): Stored<PersistentVolumeClaimManifest> | undefined;
  persistentVolume(name: string): Stored<PersistentVolumeManifest> | undefined;
}

/** What a volume shows of its pod besides what the pod's object says. */
export interface VolumeFacts extends PodFacts {
  /** The token a `serviceAccountToken` projection of this volume asked for, issued before. */
  readonly token: (path: string) => string | undefined;
}

/**
 * What a volume of a pod holds. Throws `RUNTIME_VOLUME_FAILED` with Kubernetes' words for what is not there (yet), or for a kind of
 * volume this kubelet cannot make.
 * Source: https://kubernetes.io/docs/concepts/storage/volumes/
 */
export function volumeContent(pod: StoredPod, volume: Volume, source: VolumeSource, facts: VolumeFacts): VolumeContent {
  const namespace = pod.metadata.namespace ?? '';
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  const files = (list: readonly VolumeFile[], secret: boolean): VolumeContent => ({ type: 'files', files: list, secret, fsGroup });
  if (volume.emptyDir !== undefined) {
    const { medium, sizeLimit } = volume.emptyDir;
    const sizeLimitBytes = sizeLimit === undefined ? undefined : Quantity.parse(sizeLimit).toInteger();
    return { type: 'emptyDir', medium: medium === 'Memory' ? 'Memory' : '', sizeLimitBytes };
  }
  if (volume.hostPath !== undefined) return { type: 'hostPath', path: volume.hostPath.path, pathType: volume.hostPath.type ?? '' };
  if (volume.configMap !== undefined) {
    const { name, items, optional, defaultMode: mode = defaultFileMode } = volume.configMap;
    return files(configMapFiles(namespace, { name, items, optional, mode }, source), false);
  }
  if (volume.secret !== undefined) {
    const { secretName: name, items, optional, defaultMode: mode = defaultFileMode } = volume.secret;
    return files(secretFiles(namespace, { name, items, optional, mode }, source), true);
  }
  if (volume.downwardAPI !== undefined) {
    const { items = [], defaultMode = defaultFileMode } = volume.downwardAPI;
    return files(downwardFiles(pod, items, defaultMode, facts), false);
  }
  if (volume.projected !== undefined) return files(projectedFiles(pod, volume.projected, source, facts), true);
  if (volume.persistentVolumeClaim !== undefined) return claimed(namespace, volume.persistentVolumeClaim.claimName, source);
  if (volume.ephemeral !== undefined) return claimed(namespace, `${pod.metadata.name}-${volume.name}`, source, pod);
  throw volumeFailure(`volume type ${kindOf(volume)} is not supported by this kubelet`);
}

const kindOf = (volume: Volume): string => Object.keys(volume).find((key) => key !== 'name') ?? 'none';

function projectedFiles(pod: StoredPod, projected: ProjectedVolumeSource, source: VolumeSource, facts: VolumeFacts): readonly VolumeFile[] {
  const mode = projected.defaultMode ?? defaultFileMode;
  const namespace = pod.metadata.namespace ?? '';
  const files = new Map<string, VolumeFile>();
  for (const { configMap, secret, downwardAPI, serviceAccountToken, ...rest } of projected.sources ?? []) {
    const add = (list: readonly VolumeFile[]): void => list.forEach((file) => files.set(file.path, file));
    if (configMap !== undefined)
      add(configMapFiles(namespace, { name: configMap.name, items: configMap.items, optional: configMap.optional, mode }, source));
    else if (secret !== undefined)
      add(secretFiles(namespace, { name: secret.name, items: secret.items, optional: secret.optional, mode }, source));
    else if (downwardAPI !== undefined) add(downwardFiles(pod, downwardAPI.items ?? [], mode, facts));
    else if (serviceAccountToken !== undefined) {
      const token = facts.token(serviceAccountToken.path);
      if (token === undefined) throw volumeFailure('service account tokens are not issued by this cluster');
      add([{ path: serviceAccountToken.path, content: Buffer.from(token, 'utf8'), mode }]);
    } else throw volumeFailure(`projected source ${Object.keys(rest)[0] ?? 'none'} is not supported by this kubelet`);
  }
  return [...files.values()];
}

/** The volume behind a claim; `owner`: the pod that a generic ephemeral volume's claim must have been made for. */
function claimed(namespace: string, claimName: string, source: VolumeSource, owner?: StoredPod): VolumeContent {
  const claim = source.claim(namespace, claimName);
  const { name, uid } = owner?.metadata ?? {};
  if (claim !== undefined && owner !== undefined && claim.metadata.ownerReferences?.some((each) => each.uid === uid) !== true) {
    throw volumeFailure(
      `error processing PVC ${namespace}/${claimName}: PVC was not created for pod ${namespace}/${name} (pod is not owner)`,
    );
  }
  if (claim === undefined)
    throw volumeFailure(
      `error processing PVC ${namespace}/${claimName}: failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`,
    );
  const volumeName = claim.spec?.volumeName ?? '';
  if (volumeName === '' || claim.status?.phase !== 'Bound')
    throw volumeFailure(`error processing PVC ${namespace}/${claimName}: PVC is not bound`);
  const volume = source.persistentVolume(volumeName);
  if (volume === undefined)
    throw volumeFailure(
      `error processing PVC ${namespace}/${claimName}: failed to fetch PV ${volumeName} from API server: persistentvolumes "${volumeName}" not found`,
    );
  const { hostPath, local, csi } = volume.spec ?? {};
  if (hostPath !== undefined) return { type: 'hostPath', path: hostPath.path, pathType: hostPath.type ?? '' };
  if (local === undefined && csi?.driver !== localDriver)
    throw volumeFailure(`persistent volume ${JSON.stringify(volumeName)}: there is no driver for volumes of its kind`);
  return { type: 'persistent', name: volumeName, path: local?.path };
}

/** True if two contents are the same: an update that changes nothing is not made. */
export function sameContent(a: VolumeContent, b: VolumeContent): boolean {
  if (a.type !== 'files' || b.type !== 'files') return a.type === b.type;
  return (
    a.files.length === b.files.length &&
    a.files.every((file, i) => {
      const other = b.files[i]!;
      return file.path === other.path && file.mode === other.mode && Buffer.compare(file.content, other.content) === 0;
    })
  );
}
