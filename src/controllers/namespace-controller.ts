import type { KindIndex } from '../api/kind-index.ts';
import type { KubeObject, StoredObject } from '../api/object.ts';
import { deepEqual } from '../api/deep-equal.ts';
import { formatTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { namespaceKind } from '../kinds/namespace.ts';
import type { Controller, Plan, PlannedWrite } from './controller.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/**
 * Empties namespaces that are going, then lets them go.
 * Source: https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
 */
export function namespaceController(kinds: KindIndex): Controller {
  return {
    name: 'namespace',
    triggers: [
      { kind: namespaceKind, keys: ({ object }) => (object.metadata.deletionTimestamp === undefined ? [] : [object.metadata.name]) },
      {
        kind: 'any',
        keys: ({ type, object }, view) => {
          const { namespace } = object.metadata;
          if (namespace === undefined || (type === 'modified' && object.metadata.deletionTimestamp === undefined)) return [];
          return view.get(namespaceKind, undefined, namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace];
        },
      },
    ],
    initialKeys: (view) =>
      view
        .list(namespaceKind)
        .filter((ns) => ns.metadata.deletionTimestamp !== undefined)
        .map((ns) => ns.metadata.name),
    reconcile(view, name, now): Plan {
      const namespace = view.get(namespaceKind, undefined, name);
      if (namespace?.metadata.deletionTimestamp === undefined) return { writes: [] };
      const content = contentOf(kinds, view, name);
      const writes: PlannedWrite[] = [];
      for (const { kind, object } of content) {
        if (object.metadata.deletionTimestamp === undefined) writes.push({ verb: 'delete', kind, object, propagation: 'Background' });
      }
      if (content.length === 0) {
        const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== 'kubernetes');
        if (finalizers.length === (namespace.spec?.finalizers ?? []).length) return { writes };
        return {
          writes: [
            {
              verb: 'update',
              kind: namespaceKind,
              object: { ...namespace, spec: { ...namespace.spec, finalizers } } as KubeObject,
              subresource: 'finalize',
            },
          ],
        };
      }
      const stuck = content.filter(({ object }) => object.metadata.deletionTimestamp !== undefined).map(({ object }) => object);
      if (stuck.length === content.length) writes.push(...statusWrite(namespace as StoredObject, stuck, now));
      return { writes };
    },
  };
}

function contentOf(
  kinds: KindIndex,
  view: ViewReader,
  namespace: string,
): { readonly kind: ReturnType<KindIndex['all']>[number]; readonly object: StoredObject }[] {
  return kinds
    .stored()
    .filter((kind) => kind.namespaced)
    .flatMap((kind) => view.list(kind, { namespace }).map((object) => ({ kind, object: object as StoredObject })));
}

/** What is still there, and which finalizers hold it, in the namespace's conditions. */
function statusWrite(namespace: StoredObject, stuck: readonly StoredObject[], now: Instant): PlannedWrite[] {
  const perResource = new Map<string, number>();
  const perFinalizer = new Map<string, number>();
  for (const object of stuck) {
    const resource = object.kind;
    perResource.set(resource, (perResource.get(resource) ?? 0) + 1);
    for (const finalizer of object.metadata.finalizers ?? []) perFinalizer.set(finalizer, (perFinalizer.get(finalizer) ?? 0) + 1);
  }
  const list = (counts: ReadonlyMap<string, number>, text: (name: string, count: number) => string): string =>
    [...counts]
      .sort((a, b) => (a[0] < b[0] ? -1 : 1))
      .map(([name, count]) => text(name, count))
      .join(', ');
  const before = (namespace.status as { readonly conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string): Condition => {
    const known = before.find((each) => each.type === type);
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : formatTime(now);
    return { type, status, reason, message, lastTransitionTime };
  };
  const held = perFinalizer.size > 0;
  const conditions = [
    condition('NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'),
    condition('NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
    condition(
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    condition(
      'NamespaceContentRemaining',
      'True',
      'SomeResourcesRemain',
      `Some resources are remaining: ${list(perResource, (name, count) => `${name} has ${count} resource instances`)}`,
    ),
    held
      ? condition(
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${list(perFinalizer, (name, count) => `${name} in ${count} resource instances`)}`,
        )
      : condition('NamespaceFinalizersRemaining', 'False', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ];
  const status = { ...(namespace.status as object | undefined), phase: 'Terminating', conditions };
  return deepEqual(status, namespace.status)
    ? []
    : [{ verb: 'update-status', kind: namespaceKind, object: { ...namespace, status } as KubeObject }];
}
