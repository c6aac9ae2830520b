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
  claims: readonly WaitingClaim[],
  node: NodeInfo,
  objects: FollowedObjects,
  taken: (volume: string) => boolean,
): readonly ClaimChoice[] | undefined {
  const choices: ClaimChoice[] = [];
  const own = new Set<string>();
  for (const { claim, candidates } of claims) {
    const volume = candidates.smallest(node, (name) => taken(name) || own.has(name));
    if (volume === undefined && !canBeMade(claim, node, objects)) return undefined;
    if (volume !== undefined) own.add(volume.metadata.name);
    choices.push({ claim, volume });
  }
  return choices;
}

/** A claim that waits for its first consumer, and the volumes that may be for it. */
export interface WaitingClaim {
  readonly claim: StoredClaim;
  readonly candidates: VolumeCandidates;
}

/** Those that ask for least come first. */
export function waitingClaims(claims: readonly StoredClaim[], objects: FollowedObjects): readonly WaitingClaim[] {
  return [...claims].sort((a, b) => asked(a) - asked(b)).map((claim) => ({ claim, candidates: new VolumeCandidates(claim, objects) }));
}

interface Ranked {
  readonly volume: StoredVolume;
  /** The smaller the volume, the lower. */
  readonly rank: number;
}

/** The volumes that suit a claim, told apart by a label that nodes must have for them: all are looked at once, and then few for each node. */
class VolumeCandidates {
  readonly #anywhere: Ranked[] = [];
  /** By the label's key, then by its value. */
  readonly #byLabel = new Map<string, Map<string, Ranked[]>>();

  constructor(claim: StoredClaim, objects: FollowedObjects) {
    const suited = ([...objects.all('PersistentVolume')] as StoredVolume[]).filter((volume) => suits(volume, claim));
    suited.sort((a, b) => size(a) - size(b));
    for (const [rank, volume] of suited.entries()) this.#add({ volume, rank });
  }

  /** The smallest one that the node can use; of equally small ones the first. */
  smallest(node: NodeInfo, taken: (volume: string) => boolean): StoredVolume | undefined {
    const usable = ({ volume }: Ranked): boolean => !taken(volume.metadata.name) && volumeFitsNode(volume, node);
    let best = this.#anywhere.find(usable);
    for (const [key, byValue] of this.#byLabel) {
      const found = byValue.get(node.labels[key] ?? '')?.find(usable);
      if (found !== undefined && (best === undefined || found.rank < best.rank)) best = found;
    }
    return best?.volume;
  }

  #add(ranked: Ranked): void {
    const terms = ranked.volume.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    const label = terms.length === 1 ? terms[0]!.matchExpressions?.find(({ operator }) => operator === 'In') : undefined;
    if (label === undefined) {
      this.#anywhere.push(ranked);
      return;
    }
    let byValue = this.#byLabel.get(label.key);
    if (byValue === undefined) this.#byLabel.set(label.key, (byValue = new Map<string, Ranked[]>()));
    for (const value of new Set(label.values)) {
      const volumes = byValue.get(value);
      if (volumes === undefined) byValue.set(value, [ranked]);
      else volumes.push(ranked);
    }
  }
}

const bytes = (quantity: string | number | undefined): number => (quantity === undefined ? 0 : Quantity.parse(quantity).toInteger());
const asked = ({ spec }: StoredClaim): number => bytes(spec?.resources?.requests?.['storage']);
const size = ({ spec }: StoredVolume): number => bytes(spec?.capacity?.['storage']);

function suits(volume: StoredVolume, claim: StoredClaim): boolean {
  const { metadata, spec, status } = volume;
  const { claimRef } = spec ?? {};
  if (metadata.deletionTimestamp !== undefined || (claimRef === undefined && status?.phase !== 'Available')) return false;
  if (claimRef !== undefined && (claimRef.namespace !== claim.metadata.namespace || claimRef.name !== claim.metadata.name)) return false;
  if ((spec?.storageClassName ?? '') !== (claim.spec?.storageClassName ?? '')) return false;
  if (size(volume) < asked(claim)) return false;
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
