import type { PodManifest } from '../../api/generated/models.ts';
import type { Stored, StoredObject } from '../../api/object.ts';
import { Quantity } from '../../api/quantity.ts';
import type { View } from '../../api/view.ts';
import { nodeKind } from '../../kinds/node.ts';
import { podKind } from '../../kinds/pod.ts';
import { replicationControllerKind } from '../../kinds/replication-controller.ts';

type Pod = Stored<PodManifest>;

const ended = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

const milli = (text: string | number | undefined): number => (text === undefined ? 0 : Quantity.parse(String(text)).toMilli());

/** Watches the history of a cluster: what must hold at every change. Collects what did not. */
export class HistoryInvariants {
  readonly violations: string[] = [];
  readonly #nodeOf = new Map<string, string>();
  readonly #phaseOf = new Map<string, string>();

  change(type: 'added' | 'modified' | 'deleted', object: StoredObject, view: View): void {
    if (object.kind !== 'Pod') return;
    const pod = object as Pod;
    const { uid, name } = pod.metadata;
    if (type === 'deleted') {
      this.#nodeOf.delete(uid);
      this.#phaseOf.delete(uid);
      return;
    }
    this.#oneNode(uid, name, pod.spec?.nodeName ?? '');
    this.#noResurrection(uid, name, pod.status?.phase ?? '');
    if (type === 'modified') this.#fits(pod.spec?.nodeName ?? '', view);
  }

  #oneNode(uid: string, name: string, node: string): void {
    const before = this.#nodeOf.get(uid);
    if (before !== undefined && before !== '' && before !== node)
      this.violations.push(`pod ${name} moved from ${before} to ${node || 'nowhere'}`);
    this.#nodeOf.set(uid, node);
  }

  #noResurrection(uid: string, name: string, phase: string): void {
    const before = this.#phaseOf.get(uid);
    if ((before === 'Succeeded' || before === 'Failed') && phase !== before)
      this.violations.push(`pod ${name} came back from ${before} to ${phase}`);
    this.#phaseOf.set(uid, phase);
  }

  #fits(nodeName: string, view: View): void {
    const node = nodeName === '' ? undefined : view.get(nodeKind, undefined, nodeName);
    if (node?.status?.allocatable === undefined) return;
    const pods = (view.podsOnNode(nodeName) as readonly Pod[]).filter((pod) => !ended(pod));
    let cpu = 0;
    for (const pod of pods) for (const container of pod.spec?.containers ?? []) cpu += milli(container.resources?.requests?.['cpu']);
    if (cpu > milli(node.status.allocatable['cpu']))
      this.violations.push(`node ${nodeName} has ${cpu}m cpu of ${node.status.allocatable['cpu']} promised`);
    const max = Number(node.status.allocatable['pods'] ?? Number.POSITIVE_INFINITY);
    if (pods.length > max) this.violations.push(`node ${nodeName} has ${pods.length} pods of ${max}`);
  }
}

/** What must hold once the weather has cleared: every owner has exactly what it asked for, and nothing is orphaned. */
export function calmViolations(view: View): readonly string[] {
  const violations: string[] = [];
  for (const rc of view.list(replicationControllerKind)) {
    const pods = view.controlledBy(podKind, rc.metadata.uid).filter((pod) => !ended(pod) && pod.metadata.deletionTimestamp === undefined);
    const running = pods.filter((pod) => pod.status?.phase === 'Running');
    const wanted = rc.spec?.replicas ?? 1;
    if (running.length !== wanted || pods.length !== wanted)
      violations.push(`${rc.metadata.name}: ${running.length} running of ${pods.length}, ${wanted} wanted`);
  }
  for (const pod of view.list(podKind)) {
    const owner = pod.metadata.ownerReferences?.[0];
    if (owner !== undefined && view.byUid(owner.uid) === undefined)
      violations.push(`pod ${pod.metadata.name} is an orphan of ${owner.name}`);
    const node = pod.spec?.nodeName ?? '';
    if (node !== '' && view.get(nodeKind, undefined, node) === undefined)
      violations.push(`pod ${pod.metadata.name} is on ${node}, which is gone`);
  }
  return violations;
}
