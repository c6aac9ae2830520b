import type { PodTemplateSpec, StatefulSetManifest } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { orphansMatching } from '../api/matching.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { persistentVolumeClaimKind } from '../kinds/persistent-volume-claim.ts';
import { podKind } from '../kinds/pod.ts';
import { statefulSetKind } from '../kinds/stateful-set.ts';
import { claim } from './claims.ts';
import type { Controller, ObjectChange, Plan } from './controller.ts';
import { orphanOwners } from './orphan-owners.ts';
import { nextAvailableInMs, type Pod } from './pods.ts';
import { findRevision, pruneRevisions, type Revisions } from './revisions.ts';
import { ordinalOf, revisionOf, StatefulPass } from './statefulset/stateful-pass.ts';
import { statefulStatus } from './statefulset/stateful-status.ts';
import { decide } from './statefulset/stateful-steps.ts';

const kind = statefulSetKind as KindDescriptor;

/**
 * Keeps Pods with names, addresses and volumes of their own, and brings new versions in from the highest place down.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
export const statefulSets: Controller = {
  name: 'statefulset',
  component: 'statefulset-controller',
  triggers: [
    { kind: statefulSetKind, keys: ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`] },
    { kind: podKind, keys: (change, view) => orphanOwners(change, view, statefulSetKind, ({ spec }) => LabelMatcher.of(spec?.selector)) },
    { kind: persistentVolumeClaimKind, keys: waitersFor },
  ],
  reconcile(view, key, now): Plan {
    const [namespace, name] = key.split('/') as [string, string];
    const set = view.get(statefulSetKind, namespace, name);
    if (set?.spec === undefined) return { writes: [] };
    const { claimed, writes } = claimPods(view, set);
    return writes.length > 0 ? { writes } : planFor(view, set, claimed, now);
  },
};

/** A claim is gone: a set may have waited for that before it fills the place again. */
function* waitersFor({ type, object }: ObjectChange, view: ViewReader): Iterable<string> {
  if (type !== 'deleted') return;
  const { namespace, name } = object.metadata;
  for (const set of view.list(statefulSetKind, { namespace })) {
    const templates = set.spec?.volumeClaimTemplates ?? [];
    if (templates.some((template) => ordinalOf(`${template.metadata?.name}-${set.metadata.name}`, name) !== undefined))
      yield `${namespace}/${set.metadata.name}`;
  }
}

function claimPods(view: ViewReader, set: Stored<StatefulSetManifest>): ReturnType<typeof claim<Pod>> {
  const { namespace = '', name, uid } = set.metadata;
  const matcher = LabelMatcher.of(set.spec?.selector);
  const pods = [...view.controlledBy(podKind, uid), ...orphansMatching(view, podKind, namespace, matcher)];
  return claim(
    kind,
    set,
    podKind,
    pods.filter((pod) => ordinalOf(name, pod.metadata.name) !== undefined),
    matcher,
  );
}

function planFor(view: ViewReader, set: Stored<StatefulSetManifest>, pods: readonly Pod[], now: Instant): Plan {
  const spec = set.spec!;
  const limit = spec.revisionHistoryLimit ?? 10;
  const revisions = findRevision(view, {
    kind,
    owner: set,
    template: spec.template,
    collisionCount: set.status?.collisionCount ?? 0,
    limit,
    labels: (hash) => ({ 'controller.kubernetes.io/hash': hash }),
  });
  const update = { name: revisions.name, template: spec.template };
  const pass = new StatefulPass(view, set, pods, { current: currentVersion(set, revisions) ?? update, update }, now);
  pass.writes.push(...revisions.writes);
  if (set.metadata.deletionTimestamp === undefined && !revisions.collided) {
    decide(pass);
    const inUse = new Set([pass.current.name, update.name, ...pods.map((pod) => revisionOf(pod) ?? '')]);
    pass.writes.push(...pruneRevisions(revisions.all, inUse, limit));
  }
  const status = statefulStatus(pass, revisions.collisionCount ?? 0);
  if (!deepEqual(status, set.status)) pass.writes.push({ verb: 'update-status', kind, object: { ...set, status } as KubeObject });
  const wait = nextAvailableInMs(pods, spec.minReadySeconds ?? 0, now);
  return { writes: pass.writes, events: pass.events, ...(wait === undefined ? {} : { requeueAfterMs: wait }) };
}

/** The version in use before the one that is wanted, as it is kept. */
function currentVersion(set: Stored<StatefulSetManifest>, { all }: Revisions): StatefulPass['current'] | undefined {
  const kept = all.find(({ metadata }) => metadata.name === set.status?.currentRevision);
  const template = (kept?.data as { readonly spec?: { readonly template?: object } } | undefined)?.spec?.template;
  if (kept === undefined || template === undefined) return undefined;
  const { $patch: _patch, ...rest } = template as { readonly $patch?: string };
  return { name: kept.metadata.name, template: rest as PodTemplateSpec };
}
