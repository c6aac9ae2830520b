import type { PodTemplateSpec, StatefulSetManifest, StatefulSetSpec } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Instant } from '../../env/clock.ts';
import type { PlannedEvent, PlannedWrite } from '../controller.ts';
import { availableInMs, isReady, type Pod } from '../pods.ts';
import { revisionLabel } from '../revisions.ts';

/** A version of the template, by the name of its ControllerRevision. */
export interface StatefulVersion {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

/** One look at one StatefulSet: who has which place, and what is decided on the way. */
export class StatefulPass {
  readonly view: ViewReader;
  readonly set: Stored<StatefulSetManifest>;
  readonly spec: StatefulSetSpec;
  readonly now: Instant;
  /** The version that is in use below the partition, and the one that is wanted. */
  readonly current: StatefulVersion;
  readonly update: StatefulVersion;
  readonly pods: readonly Pod[];
  /** By ordinal, from the first to the last that is wanted; undefined where there is no Pod. */
  readonly places: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** Pods outside of these places, the highest first. */
  readonly condemned: readonly Pod[];
  readonly writes: PlannedWrite[] = [];
  readonly events: PlannedEvent[] = [];

  constructor(
    view: ViewReader,
    set: Stored<StatefulSetManifest>,
    pods: readonly Pod[],
    versions: { readonly current: StatefulVersion; readonly update: StatefulVersion },
    now: Instant,
  ) {
    this.view = view;
    this.set = set;
    this.spec = set.spec!;
    this.now = now;
    this.current = versions.current;
    this.update = versions.update;
    this.pods = pods;
    const { start } = this;
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set.metadata.name, pod.metadata.name)!, pod]));
    const count = this.spec.replicas ?? 1;
    this.places = Array.from({ length: count }, (_, i) => ({ ordinal: start + i, pod: byOrdinal.get(start + i) }));
    this.condemned = [...byOrdinal]
      .filter(([ordinal]) => ordinal < start || ordinal >= start + count)
      .sort(([a], [b]) => b - a)
      .map(([, pod]) => pod);
  }

  get start(): number {
    return this.spec.ordinals?.start ?? 0;
  }

  /** One after the other, as `podManagementPolicy: OrderedReady` asks. */
  get ordered(): boolean {
    return this.spec.podManagementPolicy !== 'Parallel';
  }

  /** Pods with a lower place keep the old version. */
  get partition(): number {
    return this.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  }

  get rolling(): boolean {
    return this.spec.updateStrategy?.type !== 'OnDelete';
  }

  /** The version a new Pod of this place gets. */
  versionFor(ordinal: number): StatefulVersion {
    return this.rolling && ordinal < this.start + this.partition ? this.current : this.update;
  }

  isRunningAndReady(pod: Pod): boolean {
    return pod.status?.phase === 'Running' && isReady(pod);
  }

  isAvailable(pod: Pod): boolean {
    return this.isRunningAndReady(pod) && availableInMs(pod, this.spec.minReadySeconds ?? 0, this.now) === 0;
  }
}

export const revisionOf = (pod: Pod): string | undefined => pod.metadata.labels?.[revisionLabel];

/** The place in a Pod's name; undefined if it is none of the set's names. */
export function ordinalOf(set: string, pod: string): number | undefined {
  const rest = pod.startsWith(`${set}-`) ? pod.slice(set.length + 1) : '';
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : undefined;
}
