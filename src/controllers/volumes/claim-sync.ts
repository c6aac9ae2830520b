import type { ViewReader } from '../../api/view-reader.ts';
import { persistentVolumeKind } from '../../kinds/persistent-volume.ts';
import { localProvisioner } from '../../kinds/persistent-volume/local-volumes.ts';
import { bestVolume, isPromised, mismatch } from '../../kinds/persistent-volume/volume-match.ts';
import type { Plan } from '../controller.ts';
import { provision } from './local-provisioning.ts';
import {
  bindCompleted,
  boundByController,
  claimPhase,
  classOf,
  event,
  selectedNode,
  storageProvisioner,
  updateClaim,
  updateVolume,
  volumePhase,
  type Claim,
  type Volume,
} from './volume-state.ts';

/** Looks after one claim: one step towards its volume, each of which brings about the next. */
export function syncClaim(view: ViewReader, claim: Claim): Plan {
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return keepBound(view, claim);
  const name = claim.spec?.volumeName ?? '';
  return name === '' ? findVolume(view, claim) : takeNamed(view, claim, name);
}

function findVolume(view: ViewReader, claim: Claim): Plan {
  if (claim.metadata.deletionTimestamp !== undefined) return { writes: [] };
  const storageClass = classOf(view, claim);
  const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const volume = bestVolume(view.list(persistentVolumeKind), claim, waits);
  if (volume !== undefined) return bind(volume, claim);
  const className = claim.spec?.storageClassName ?? '';
  if (waits && claim.metadata.annotations?.[selectedNode] === undefined) {
    const message = 'waiting for first consumer to be created before binding';
    return claimPhase(claim, 'Pending', undefined, [event(claim, 'Normal', 'WaitForFirstConsumer', message)]);
  }
  if (className === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return claimPhase(claim, 'Pending', undefined, [event(claim, 'Normal', 'FailedBinding', message)]);
  }
  if (storageClass === undefined) {
    const message = `storageclass.storage.k8s.io ${JSON.stringify(className)} not found`;
    return claimPhase(claim, 'Pending', undefined, [event(claim, 'Warning', 'ProvisioningFailed', message)]);
  }
  const { provisioner } = storageClass;
  if (provisioner === localProvisioner) return provision(view, claim, storageClass);
  if (provisioner === 'kubernetes.io/no-provisioner') return claimPhase(claim, 'Pending', undefined);
  if (claim.metadata.annotations?.[storageProvisioner] !== provisioner)
    return { writes: [updateClaim(claim, { annotations: { ...claim.metadata.annotations, [storageProvisioner]: provisioner } })] };
  const who = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator.`;
  const advice = 'If volume creation is delayed, please verify that the provisioner is running and correctly registered.';
  return claimPhase(claim, 'Pending', undefined, [event(claim, 'Normal', 'ExternalProvisioning', `${who} ${advice}`)]);
}

function takeNamed(view: ViewReader, claim: Claim, name: string): Plan {
  const volume = view.get(persistentVolumeKind, undefined, name);
  if (volume === undefined) return claimPhase(claim, 'Pending', undefined);
  if (volume.spec?.claimRef === undefined) {
    const why = mismatch(volume, claim);
    if (why === undefined) return bind(volume, claim);
    const message = `Cannot bind to requested volume ${JSON.stringify(name)}: ${why}`;
    return claimPhase(claim, 'Pending', undefined, [event(claim, 'Warning', 'VolumeMismatch', message)]);
  }
  if (isPromised(volume, claim)) return bind(volume, claim);
  const message = `volume ${JSON.stringify(name)} already bound to a different claim.`;
  return claimPhase(claim, 'Pending', undefined, [event(claim, 'Warning', 'FailedBinding', message)]);
}

/** A claim that was bound once is bound to this volume, or lost. */
function keepBound(view: ViewReader, claim: Claim): Plan {
  const lost = (reason: string, message: string): Plan =>
    claim.status?.phase === 'Lost' ? { writes: [] } : claimPhase(claim, 'Lost', undefined, [event(claim, 'Warning', reason, message)]);
  const name = claim.spec?.volumeName ?? '';
  if (name === '') return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const volume = view.get(persistentVolumeKind, undefined, name);
  if (volume === undefined) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (volume.spec?.claimRef === undefined || isPromised(volume, claim)) return bind(volume, claim);
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** The volume is the claim's, then the claim the volume's; both say so. One write for each object at a time. */
function bind(volume: Volume, claim: Claim): Plan {
  const { name, namespace = '', uid } = claim.metadata;
  const ref = volume.spec?.claimRef;
  if (ref?.uid !== uid) {
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
    const annotations = ref === undefined ? { annotations: { ...volume.metadata.annotations, [boundByController]: 'yes' } } : {};
    return { writes: [updateVolume(volume, { ...annotations, spec: { claimRef } })] };
  }
  const phase = volumePhase(volume, 'Bound').writes;
  if (claim.spec?.volumeName !== volume.metadata.name || claim.metadata.annotations?.[bindCompleted] === undefined) {
    const ours = (claim.spec?.volumeName ?? '') === '' ? { [boundByController]: 'yes' } : {};
    const annotations = { ...claim.metadata.annotations, [bindCompleted]: 'yes', ...ours };
    return { writes: [...phase, updateClaim(claim, { annotations, spec: { volumeName: volume.metadata.name } })] };
  }
  return { writes: [...phase, ...claimPhase(claim, 'Bound', volume).writes] };
}
