import { persistentVolumeClaimKind } from '../../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../kinds/persistent-volume.ts';
import type { FollowedObjects } from '../followed-objects.ts';
import type { NodeInfo } from '../node-info.ts';
import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import { claimsOf, isBound, mayUse, volumeOf, waitsForConsumer, type NamedClaim, type StoredClaim } from '../pod-claims.ts';
import type { PodInfo } from '../pod-info.ts';
import type { PlannedWrite } from '../scheduler.ts';
import {
  chooseVolumes,
  selectedNodeAnnotation,
  volumeFitsNode,
  waitingClaims,
  type ClaimChoice,
  type WaitingClaim,
} from '../volume-choice.ts';

const name = 'VolumeBinding';
const refusal = (reason: string): Refusal => Object.freeze({ plugin: name, reasons: [reason], resolvable: false });
const wrongNode = refusal("node(s) didn't match PersistentVolume's node affinity");
const noVolume = refusal("node(s) didn't find available persistent volumes to bind");
const lostVolume = refusal('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
const unbound = refusal('pod has unbound immediate PersistentVolumeClaims');

interface Claims {
  readonly bound: readonly StoredClaim[];
  /** To be bound once the node is known. */
  readonly waiting: readonly WaitingClaim[];
  readonly objects: FollowedObjects;
}

/**
 * Sends a pod where its volumes are, or where they can be had, and sees to it that claims that wait for their first consumer are
 * bound there: a volume is promised to the claim, or the claim told for which node one is to be made. It does not wait until that
 * is done; the kubelet does.
 *
 * Source: https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
 */
export function volumeBinding(): SchedulerPlugin<Claims> {
  /** What was decided for pods that are assumed and not yet bound, by uid. */
  const decided = new Map<string, readonly ClaimChoice[]>();
  /** To whom a volume was promised that way. */
  const promised = new Map<string, string>();
  const takenFrom = (uid: string) => (volume: string) => (promised.get(volume) ?? uid) !== uid;
  const forget = (uid: string): void => {
    for (const { volume } of decided.get(uid) ?? []) promised.delete(volume?.metadata.name ?? '');
    decided.delete(uid);
  };
  const choose = (pod: PodInfo, node: NodeInfo, { waiting, objects }: Claims) => chooseVolumes(waiting, node, objects, takenFrom(pod.uid));
  return {
    name,
    preFilter: (pod, { objects }) => {
      const claims = claimsOf(pod, objects);
      if (claims.length === 0) return { skip: true };
      const objection = objectionTo(pod, claims);
      if (objection !== undefined) return { refusal: refusal(objection) };
      const state = sorted(claims, objects);
      if (state === undefined) return { refusal: unbound };
      return usableEverywhere(state) ? { skip: true } : { state };
    },
    filter: (pod, node, state) => {
      for (const claim of state.bound) {
        const volume = volumeOf(claim, state.objects);
        if (volume === undefined) return lostVolume;
        if (!volumeFitsNode(volume, node)) return wrongNode;
      }
      return state.waiting.length > 0 && choose(pod, node, state) === undefined ? noVolume : undefined;
    },
    reserve: (pod, node, { cache: { objects } }) => {
      const claims = sorted(claimsOf(pod, objects), objects);
      if (claims === undefined || claims.waiting.length === 0) return undefined;
      const choices = choose(pod, node, claims);
      if (choices === undefined) return noVolume;
      decided.set(pod.uid, choices);
      for (const { volume } of choices) if (volume !== undefined) promised.set(volume.metadata.name, pod.uid);
      return undefined;
    },
    unreserve: ({ uid }) => forget(uid),
    preBind: ({ uid }, node) => (decided.get(uid) ?? []).map((choice) => writeOf(choice, node)),
    postBind: ({ uid }) => forget(uid),
    isSchedulableAfter: (event, pod) => {
      if (event.type === 'node-added' || event.type === 'node-updated') return true;
      if (event.type !== 'object') return false;
      const { object } = event.change;
      if (object.kind === 'PersistentVolumeClaim') return mayUse(pod, object);
      return object.kind === 'PersistentVolume' || object.kind === 'StorageClass';
    },
  };
}

/** Why no node can do, in Kubernetes' words; undefined if one may. */
function objectionTo(pod: PodInfo, claims: readonly NamedClaim[]): string | undefined {
  for (const { name: claimName, claim, ephemeral } of claims) {
    const quoted = JSON.stringify(claimName);
    if (claim === undefined) {
      return ephemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}`
        : `persistentvolumeclaim ${quoted} not found`;
    }
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? '')}`;
    if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim ${quoted} is being deleted`;
    const owned = claim.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.uid);
    if (ephemeral && owned !== true) return `PVC ${pod.namespace}/${claimName} was not created for pod ${pod.key} (pod is not owner)`;
  }
  return undefined;
}

/** True if the volumes are there, and may be used on any node. */
function usableEverywhere({ bound, waiting, objects }: Claims): boolean {
  if (waiting.length > 0) return false;
  return bound.every((claim) => {
    const volume = volumeOf(claim, objects);
    return volume !== undefined && volume.spec?.nodeAffinity?.required === undefined;
  });
}

/** undefined if there is one that should be bound and is not. */
function sorted(named: readonly NamedClaim[], objects: FollowedObjects): Claims | undefined {
  const claims = named.flatMap(({ claim }) => claim ?? []);
  const waiting = claims.filter((claim) => !isBound(claim));
  if (!waiting.every((claim) => waitsForConsumer(claim, objects))) return undefined;
  return { bound: claims.filter(isBound), waiting: waitingClaims(waiting, objects), objects };
}

function writeOf({ claim, volume }: ClaimChoice, node: NodeInfo): PlannedWrite {
  if (volume === undefined) {
    const annotations = { ...claim.metadata.annotations, [selectedNodeAnnotation]: node.name };
    return { verb: 'update', kind: persistentVolumeClaimKind, object: { ...claim, metadata: { ...claim.metadata, annotations } } };
  }
  const { name: claimName, namespace = '', uid } = claim.metadata;
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid };
  const object: typeof volume = { ...volume, spec: { ...volume.spec, claimRef } };
  return { verb: 'update', kind: persistentVolumeKind, object };
}
