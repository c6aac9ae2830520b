import type { PersistentVolumeClaimManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, Stored } from '../../api/object.ts';
import { persistentVolumeClaimKind } from '../../kinds/persistent-volume-claim.ts';
import { podKind } from '../../kinds/pod.ts';
import { statefulSetKind } from '../../kinds/stateful-set.ts';
import { controllerRef, refOf, type Pod } from '../pods.ts';
import type { StatefulPass } from './stateful-pass.ts';

type Claim = Stored<PersistentVolumeClaimManifest>;
type Owners = NonNullable<Claim['metadata']['ownerReferences']>;

const kind = persistentVolumeClaimKind as KindDescriptor;

export const claimName = (template: PersistentVolumeClaimManifest, set: string, ordinal: number): string =>
  `${template.metadata?.name ?? ''}-${set}-${ordinal}`;

function storedClaims({ view, set, spec }: StatefulPass, ordinal: number): readonly Claim[] {
  return (spec.volumeClaimTemplates ?? []).flatMap(
    (template) => view.get(persistentVolumeClaimKind, set.metadata.namespace, claimName(template, set.metadata.name, ordinal)) ?? [],
  );
}

/** True while a claim of this place is on its way out, or goes with a Pod that is gone: a new Pod must not take it. */
export function claimsAreStale(pass: StatefulPass, ordinal: number): boolean {
  return storedClaims(pass, ordinal).some(
    ({ metadata }) =>
      metadata.deletionTimestamp !== undefined ||
      metadata.ownerReferences?.some((owner) => owner.kind === 'Pod' && pass.view.byUid(owner.uid) === undefined) === true,
  );
}

/** Makes the claims of a place that are missing. They outlive their Pod, so that the next one of the place finds its data. */
export function createClaims(pass: StatefulPass, ordinal: number, pod: string): void {
  const { view, set, spec } = pass;
  const { namespace = '', name } = set.metadata;
  for (const template of spec.volumeClaimTemplates ?? []) {
    const claim = claimName(template, name, ordinal);
    if (view.get(persistentVolumeClaimKind, namespace, claim) !== undefined) continue;
    const { annotations, labels } = template.metadata ?? {};
    const object: PersistentVolumeClaimManifest = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        namespace,
        name: claim,
        labels: { ...labels, ...spec.selector.matchLabels },
        ...(annotations === undefined ? {} : { annotations }),
        ...(whenDeleted(pass) ? { ownerReferences: [controllerRef(statefulSetKind as KindDescriptor, set)] } : {}),
      },
      ...(template.spec === undefined ? {} : { spec: template.spec }),
    };
    const said = `create Claim ${claim} Pod ${pod} in StatefulSet ${name}`;
    const told = {
      regarding: refOf(set),
      success: { reason: 'SuccessfulCreate', message: `${said} success` },
      failure: { reason: 'FailedCreate', message: `create Claim ${claim} for Pod ${pod} in StatefulSet ${name} failed error` },
    };
    pass.writes.push({ verb: 'create', kind, object: object as KubeObject, told });
  }
}

const whenDeleted = ({ spec }: StatefulPass): boolean => spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
const whenScaled = ({ spec }: StatefulPass): boolean => spec.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete';

/** Lets the claims of a place go with the set, with its Pod, or with neither. True if there was nothing to change. */
export function retainClaims(pass: StatefulPass, ordinal: number, pod: Pod, isCondemned: boolean): boolean {
  const withPod = isCondemned && whenScaled(pass);
  const withSet = !withPod && whenDeleted(pass);
  let same = true;
  for (const claim of storedClaims(pass, ordinal)) {
    const before: Owners = claim.metadata.ownerReferences ?? [];
    const others = before.filter(({ uid }) => uid !== pass.set.metadata.uid && uid !== pod.metadata.uid);
    const owners: Owners = [
      ...others,
      ...(withSet ? [controllerRef(statefulSetKind as KindDescriptor, pass.set)] : []),
      ...(withPod ? [controllerRef(podKind as KindDescriptor, pod)] : []),
    ];
    if (owners.map(({ uid }) => uid).join() === before.map(({ uid }) => uid).join()) continue;
    same = false;
    const metadata = { ...claim.metadata, ownerReferences: owners };
    if (owners.length === 0) delete (metadata as { ownerReferences?: Owners }).ownerReferences;
    pass.writes.push({ verb: 'update', kind, object: { ...claim, metadata } as KubeObject });
  }
  return same;
}
