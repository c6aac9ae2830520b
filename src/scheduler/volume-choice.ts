import { Quantity } from '../api/quantity.ts';
import { nodeSelectorTest } from '../kinds/node-selector-match.ts';
import { matcherOf } from './affinity-term.ts';
import type { FollowedObjects } from './followed-objects.ts';
import type { NodeInfo } from './node-info.ts';
import { classOf, type StoredClaim, type StoredVolume } from './pod-claims.ts';

export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';
const noProvisioner = 'kubernetes.io/no-provisioner';

/** What is to become of a claim that waits for its first consumer: bound to a volume that is there, or one is made for it. */
export interface ClaimChoice {
  readonly claim: StoredClaim;
  readonly volume: StoredVolume | undefined;
}

/** True if the volume can be used on the node. */
export function volumeFitsNode({ spec }: StoredVolume, node: NodeInfo): boolean {
  const required = spec?.nodeAffinity?.required;
  return required === undefined || nodeSelectorTest(required)(node);
}

/**
 * For each of the claims the smallest free volume that the node can use, or one to be made there; undefined if a claim can have
 * neither. `taken` are volumes that somebody else was promised.
 */
export function chooseVolumes(
  claims: readonly StoredClaim[],
  node: NodeInfo,
  objects: FollowedObjects,
  taken: (volume: string) => boolean,
): readonly ClaimChoice[] | undefined {
  const choices: ClaimChoice[] = [];
  const own = new Set<string>();
  for (const claim of [...claims].sort((a, b) => asked(a) - asked(b))) {
    const volume = smallest(claim, node, objects, (name) => taken(name) || own.has(name));
    if (volume === undefined && !canBeMade(claim, node, objects)) return undefined;
    if (volume !== undefined) own.add(volume.metadata.name);
    choices.push({ claim, volume });
  }
  return choices;
}

const bytes = (quantity: string | number | undefined): number => (quantity === undefined ? 0 : Quantity.parse(quantity).toInteger());
const asked = ({ spec }: StoredClaim): number => bytes(spec?.resources?.requests?.['storage']);
const size = ({ spec }: StoredVolume): number => bytes(spec?.capacity?.['storage']);

function smallest(
  claim: StoredClaim,
  node: NodeInfo,
  objects: FollowedObjects,
  taken: (volume: string) => boolean,
): StoredVolume | undefined {
  let best: StoredVolume | undefined;
  for (const object of objects.all('PersistentVolume')) {
    const volume = object as StoredVolume;
    if (taken(volume.metadata.name) || !suits(volume, claim) || !volumeFitsNode(volume, node)) continue;
    if (best === undefined || size(volume) < size(best)) best = volume;
  }
  return best;
}

function suits(volume: StoredVolume, claim: StoredClaim): boolean {
  const { metadata, spec, status } = volume;
  const { claimRef } = spec ?? {};
  if (metadata.deletionTimestamp !== undefined || (claimRef === undefined && status?.phase !== 'Available')) return false;
  if (claimRef !== undefined && (claimRef.namespace !== claim.metadata.namespace || claimRef.name !== claim.metadata.name)) return false;
  if ((spec?.storageClassName ?? '') !== (claim.spec?.storageClassName ?? '') || size(volume) < asked(claim)) return false;
  if ((spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) return false;
  if (claim.spec?.selector !== undefined && !matcherOf(claim.spec.selector).matches(metadata.labels)) return false;
  return (claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode));
}

function canBeMade(claim: StoredClaim, node: NodeInfo, objects: FollowedObjects): boolean {
  const storageClass = classOf(claim, objects);
  if (storageClass === undefined || storageClass.provisioner === noProvisioner) return false;
  const selected = claim.metadata.annotations?.[selectedNodeAnnotation];
  if (selected !== undefined && selected !== node.name) return false;
  const topologies = storageClass.allowedTopologies ?? [];
  if (topologies.length === 0) return true;
  return topologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(node.labels[key] ?? '')),
  );
}
