import type { NodeManifest, PodManifest } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';

type Pod = Stored<PodManifest>;
type Node = Stored<NodeManifest>;
type Objection = { readonly reasons: readonly string[]; readonly resolvable: boolean } | undefined;

/** A claim that is bound to a volume, and where the volume may be used. */
export interface NaiveVolume {
  readonly claim: string;
  readonly readWriteOncePod: boolean;
  /** By the volume's node affinity; undefined: anywhere. */
  readonly onlyInZone?: string;
  /** By the volume's label. */
  readonly zoneLabel?: string;
}

const zoneKey = 'topology.kubernetes.io/zone';

/** What Kubernetes' three volume plugins say of pods whose claims are bound, all in the namespace `default`. */
export class NaiveVolumes {
  readonly #volumes: readonly NaiveVolume[];

  constructor(volumes: readonly NaiveVolume[]) {
    this.#volumes = volumes;
  }

  inUse(pod: Pod, placed: readonly Pod[]): Objection {
    const alone = this.#of(pod).filter(({ readWriteOncePod }) => readWriteOncePod);
    if (!placed.some((other) => this.#of(other).some((theirs) => alone.includes(theirs)))) return undefined;
    return { reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'], resolvable: true };
  }

  unbindable(pod: Pod, { metadata }: Node): Objection {
    const fits = this.#of(pod).every(({ onlyInZone }) => onlyInZone === undefined || metadata.labels?.[zoneKey] === onlyInZone);
    return fits ? undefined : { reasons: ["node(s) didn't match PersistentVolume's node affinity"], resolvable: false };
  }

  elsewhere(pod: Pod, { metadata }: Node): Objection {
    const zone = metadata.labels?.[zoneKey];
    const here = this.#of(pod).every(({ zoneLabel }) => zoneLabel === undefined || zone === undefined || zone === zoneLabel);
    return here ? undefined : { reasons: ['node(s) had no available volume zone'], resolvable: false };
  }

  #of({ metadata, spec }: Pod): readonly NaiveVolume[] {
    if (metadata.namespace !== 'default') return [];
    const claims = (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
    return this.#volumes.filter(({ claim }) => claims.includes(claim));
  }
}
