import { tightBelow, type AttachedVolumes } from '../attached-volumes.ts';
import { countsAlways, csiVolumesOf, mayHaveCsiVolumes, type CsiVolume } from '../csi-volumes.ts';
import { mayUse } from '../pod-claims.ts';
import type { Refusal, SchedulerPlugin, SparseFilter } from '../plugin.ts';

const name = 'NodeVolumeLimits';
const refusal: Refusal = Object.freeze({ plugin: name, reasons: ['node(s) exceed max volume count'], resolvable: true });

interface State {
  readonly volumes: readonly CsiVolume[];
  readonly attached: AttachedVolumes;
}

/**
 * Refuses nodes that would have more volumes of a CSI driver than their CSINode says they can.
 *
 * Source: https://kubernetes.io/docs/concepts/storage/storage-limits/
 */
export function nodeVolumeLimits(): SchedulerPlugin<State> {
  return {
    name,
    preFilter: (pod, { objects, attached }) => {
      const volumes = mayHaveCsiVolumes(pod) ? csiVolumesOf(pod, objects) : [];
      const needed = neededRoom(volumes);
      if (needed.every(([driver, more]) => attached.haveRoom(driver, more))) return { skip: true };
      const state = { volumes, attached };
      const sparse = fewWords(state, needed);
      return sparse === undefined ? { state } : { state, sparse };
    },
    filter: (_pod, node, { volumes, attached }) => (attached.exceeds(node, volumes) ? refusal : undefined),
    isSchedulableAfter: (event, pod) => {
      if (event.type === 'pod-removed') return mayHaveCsiVolumes(event.pod);
      if (event.type === 'node-added') return true;
      if (event.type !== 'object') return false;
      const { object } = event.change;
      return object.kind === 'CSINode' || (object.kind === 'PersistentVolumeClaim' && mayUse(pod, object));
    },
  };
}

/** How many different volumes there are of each driver. */
function neededRoom(volumes: readonly CsiVolume[]): readonly (readonly [driver: string, more: number])[] {
  const handles = new Map<string, Set<string>>();
  for (const { driver, handle } of volumes) handles.set(driver, (handles.get(driver) ?? new Set<string>()).add(handle));
  return [...handles].map(([driver, { size }]) => [driver, size]);
}

/** Volumes that nobody uses yet take the same room on every node that has their driver. */
function fewWords({ volumes, attached }: State, needed: ReturnType<typeof neededRoom>): SparseFilter | undefined {
  if (volumes.some((volume) => !countsAlways(volume) || attached.isUsed(volume))) return undefined;
  if (needed.some(([, more]) => more > tightBelow)) return undefined;
  const classes = needed.map(([driver, more]) => attached.full(driver, more));
  return { classes, refusal: (classOf) => (classes.some((each) => classOf(each) > 0) ? refusal : undefined) };
}
