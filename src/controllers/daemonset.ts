import type { DaemonSetManifest, NodeManifest } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { orphansMatching } from '../api/matching.ts';
import { childName } from '../api/name-generation.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { daemonSetKind } from '../kinds/daemon-set.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import { claim } from './claims.ts';
import type { Controller, ObjectChange, Plan, PlannedWrite } from './controller.ts';
import { pinnedTo, tolerating } from './daemonset/daemon-nodes.ts';
import { DaemonPass } from './daemonset/daemon-pass.ts';
import { place } from './daemonset/daemon-placement.ts';
import { rollForward, rolloutLimits } from './daemonset/daemon-rollout.ts';
import { daemonStatus } from './daemonset/daemon-status.ts';
import { orphanOwners } from './orphan-owners.ts';
import { controllerRef, nextAvailableInMs, podFromTemplate, refOf, type Pod } from './pods.ts';
import { findRevision, pruneRevisions, revisionLabel } from './revisions.ts';

const kind = daemonSetKind as KindDescriptor;
/** At most so many Pods are made or deleted in one pass. */
const burst = 250;

/**
 * Keeps one Pod of a DaemonSet on every node that takes it, and brings new versions in node by node.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
 */
export const daemonSets: Controller = {
  name: 'daemonset',
  component: 'daemonset-controller',
  triggers: [
    { kind: daemonSetKind, keys: ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`] },
    { kind: podKind, keys: (change, view) => orphanOwners(change, view, daemonSetKind, ({ spec }) => LabelMatcher.of(spec?.selector)) },
    { kind: nodeKind, keys: nodeMatters },
  ],
  reconcile(view, key, now): Plan {
    const [namespace, name] = key.split('/') as [string, string];
    const set = view.get(daemonSetKind, namespace, name);
    if (set?.spec === undefined || set.metadata.deletionTimestamp !== undefined) return { writes: [] };
    const { claimed, writes } = claimPods(view, set);
    if (writes.length > 0) return { writes };
    return planFor(view, set, claimed, now);
  },
};

/** Heartbeats change nodes all the time; only what decides where Pods go concerns DaemonSets. */
function* nodeMatters({ type, object, previous }: ObjectChange, view: ViewReader): Iterable<string> {
  const spec = (node: ObjectChange['object'] | undefined): NodeManifest['spec'] => (node as Stored<NodeManifest> | undefined)?.spec;
  if (type === 'modified') {
    const sameLabels = deepEqual(object.metadata.labels, previous?.metadata.labels);
    if (sameLabels && deepEqual(spec(object)?.taints, spec(previous)?.taints)) return;
  }
  for (const set of view.list(daemonSetKind)) yield `${set.metadata.namespace}/${set.metadata.name}`;
}

function claimPods(view: ViewReader, set: Stored<DaemonSetManifest>): ReturnType<typeof claim<Pod>> {
  const matcher = LabelMatcher.of(set.spec?.selector);
  const orphans = orphansMatching(view, podKind, set.metadata.namespace ?? '', matcher);
  return claim(kind, set, podKind, [...view.controlledBy(podKind, set.metadata.uid), ...orphans], matcher);
}

function planFor(view: ViewReader, set: Stored<DaemonSetManifest>, pods: readonly Pod[], now: number): Plan {
  const spec = set.spec!;
  const limit = spec.revisionHistoryLimit ?? 10;
  const revisions = findRevision(view, {
    kind,
    owner: set,
    template: spec.template,
    collisionCount: set.status?.collisionCount,
    limit,
    labels: (hash) => ({ [revisionLabel]: hash }),
  });
  const pass = new DaemonPass(view, set, pods, revisions.hash, now);
  const writes: PlannedWrite[] = [...revisions.writes];
  const rolling = spec.updateStrategy?.type !== 'OnDelete';
  let placement: ReturnType<typeof place> = { events: [] };
  if (!revisions.collided) {
    placement = place(pass, rolling && rolloutLimits(pass).surge > 0);
    if (rolling) rollForward(pass);
    writes.push(...[...pass.deletions].slice(0, burst).map((pod) => deletion(pass, pod)));
    writes.push(...[...pass.creations].slice(0, burst).map((node) => creation(pass, node)));
    const hashes = new Set(pods.map((pod) => pod.metadata.labels?.[revisionLabel]));
    const inUse = revisions.all.filter(({ metadata }) => hashes.has(metadata.labels?.[revisionLabel]));
    writes.push(...pruneRevisions(revisions.all, new Set([revisions.name, ...inUse.map(({ metadata }) => metadata.name)]), limit));
  }
  const status = daemonStatus(pass, revisions.collisionCount);
  if (!deepEqual(status, set.status)) writes.push({ verb: 'update-status', kind, object: { ...set, status } as KubeObject });
  const waits = [nextAvailableInMs(pods, pass.minReadySeconds, now), placement.requeueAfterMs].filter((ms) => ms !== undefined);
  return { writes, events: placement.events, ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }) };
}

function creation({ view, set, spec, hash }: DaemonPass, node: string): PlannedWrite {
  const { namespace = '', uid } = set.metadata;
  const base = `${set.metadata.name}-`;
  const retired = view.table<ReadonlySet<string>>('retired-names').get(uid);
  let name = '';
  // The place is the node; a name that is or was in use there makes room for the next.
  for (let attempt = 0; name === '' || retired?.has(name) === true || view.get(podKind, namespace, name) !== undefined; attempt++)
    name = childName(base, { ownerUid: uid, slot: node, attempt });
  const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation'];
  const labels = {
    ...spec.template.metadata?.labels,
    [revisionLabel]: hash,
    ...(generation === undefined ? {} : { 'pod-template-generation': generation }),
  };
  const template = { ...spec.template, spec: pinnedTo(node, tolerating(spec.template.spec ?? { containers: [] })) };
  const told = {
    regarding: refOf(set),
    success: { reason: 'SuccessfulCreate', message: `Created pod: ${name}` },
    failure: { reason: 'FailedCreate', message: 'Error creating' },
  };
  const metadata = { namespace, generateName: base, name, labels, ownerReferences: [controllerRef(kind, set)] };
  return { verb: 'create', kind: podKind, object: podFromTemplate(template, metadata), told };
}

function deletion({ set }: DaemonPass, object: Pod): PlannedWrite {
  const told = {
    regarding: refOf(set),
    success: { reason: 'SuccessfulDelete', message: `Deleted pod: ${object.metadata.name}` },
    failure: { reason: 'FailedDelete', message: 'Error deleting' },
  };
  return { verb: 'delete', kind: podKind, object, told };
}
