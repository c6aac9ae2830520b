import type { DaemonSetManifest, DaemonSetSpec } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { parseTime } from '../../api/time.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Instant } from '../../env/clock.ts';
import { nodeKind } from '../../kinds/node.ts';
import { revisionLabel } from '../revisions.ts';
import { availableInMs, type Pod } from '../pods.ts';
import { nodeOf, suitabilityTest, type Suitability } from './daemon-nodes.ts';

/** One node as a DaemonSet sees it. */
export interface DaemonPlace extends Suitability {
  readonly node: string;
  /** Its Pods there, oldest first, those that are leaving included. */
  readonly pods: readonly Pod[];
}

/** One look at one DaemonSet. */
export class DaemonPass {
  readonly view: ViewReader;
  readonly set: Stored<DaemonSetManifest>;
  readonly spec: DaemonSetSpec;
  /** The version that is wanted. */
  readonly hash: string;
  readonly now: Instant;
  readonly places: readonly DaemonPlace[];
  /** Nodes that get a new Pod. */
  readonly creations = new Set<string>();
  readonly deletions = new Set<Pod>();

  constructor(view: ViewReader, set: Stored<DaemonSetManifest>, pods: readonly Pod[], hash: string, now: Instant) {
    this.view = view;
    this.set = set;
    this.spec = set.spec!;
    this.hash = hash;
    this.now = now;
    const byNode = new Map<string, Pod[]>();
    for (const pod of pods) {
      const node = nodeOf(pod.spec);
      const here = byNode.get(node);
      if (here === undefined) byNode.set(node, [pod]);
      else here.push(pod);
    }
    const suits = suitabilityTest(this.spec.template);
    this.places = view.list(nodeKind).map((each): DaemonPlace => {
      const { shouldRun, mayKeep } = suits(each);
      const node = each.metadata.name;
      return { shouldRun, mayKeep, node, pods: inOrder(byNode.get(node)) };
    });
  }

  get minReadySeconds(): number {
    return this.spec.minReadySeconds ?? 0;
  }

  isNew(pod: Pod): boolean {
    return pod.metadata.labels?.[revisionLabel] === this.hash;
  }

  isAvailable(pod: Pod | undefined): boolean {
    return pod !== undefined && pod.metadata.deletionTimestamp === undefined && availableInMs(pod, this.minReadySeconds, this.now) === 0;
  }
}

export const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

const none: readonly Pod[] = [];
const inOrder = (pods: Pod[] | undefined): readonly Pod[] =>
  pods === undefined ? none : pods.length === 1 ? pods : pods.sort(oldestFirst);

function oldestFirst(a: Pod, b: Pod): number {
  const difference = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp);
  return difference || (a.metadata.name < b.metadata.name ? -1 : 1);
}
