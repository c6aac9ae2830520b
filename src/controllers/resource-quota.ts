import { deepEqual } from '../api/deep-equal.ts';
import type { ResourceQuotaManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { countUsage, resourcesCountedBy } from '../kinds/quota/quota-usage.ts';
import { readAmounts, writeAmounts } from '../kinds/quota/resource-amounts.ts';
import { resourceQuotaKind } from '../kinds/resource-quota.ts';
import type { Controller, ObjectChange, Plan } from './controller.ts';
import { isFinished, type Pod } from './pods.ts';

type Quota = Stored<ResourceQuotaManifest>;

/** Everything is counted again so often, as Kubernetes does: what a failed write was charged for comes back. */
const resyncMs = 300_000;
const keyOf = (object: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;

/** What is used follows from specs, and for Pods from whether they have ended or are on their way out: most changes are none of these. */
function mayCount({ type, object, previous }: ObjectChange): boolean {
  if (type !== 'modified' || previous === undefined) return true;
  return (
    object.spec !== previous.spec ||
    object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    (object.kind === 'Pod' && isFinished(object as Pod) !== isFinished(previous as Pod)) ||
    object.kind === 'ResourceQuota'
  );
}

/**
 * Counts what ResourceQuotas are used for. Admission adds what comes; this takes off what goes.
 * Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export function resourceQuota(kinds: KindIndex): Controller {
  return {
    name: 'resourcequota',
    triggers: [
      { kind: resourceQuotaKind, keys: ({ type, object }) => (type === 'deleted' ? [] : [keyOf(object)]) },
      {
        kind: 'any',
        keys: (change, view) => {
          const { object } = change;
          const { namespace } = object.metadata;
          if (namespace === undefined || !mayCount(change) || view.count(resourceQuotaKind) === 0) return [];
          const quotas = view.list(resourceQuotaKind, { namespace });
          const kind = quotas.length === 0 ? undefined : kinds.byKind(object.apiVersion, object.kind);
          if (kind === undefined) return [];
          return quotas.filter((quota) => resourcesCountedBy(kind, Object.keys(quota.spec?.hard ?? {})).length > 0).map(keyOf);
        },
      },
    ],
    resyncMs,
    initialKeys: (view) => view.list(resourceQuotaKind).map(keyOf),
    reconcile(view, key, now): Plan {
      const [namespace, name = ''] = key.split('/');
      const quota = view.get(resourceQuotaKind, namespace, name);
      return quota === undefined || quota.metadata.deletionTimestamp !== undefined
        ? { writes: [] }
        : plan(view, kinds.stored(), quota, now);
    },
  };
}

function plan(view: Parameters<Controller['reconcile']>[0], kinds: readonly KindDescriptor[], quota: Quota, now: number): Plan {
  const { used, recheckAt } = countUsage(view, kinds, quota, now);
  const later = recheckAt === undefined ? {} : { requeueAfterMs: recheckAt - now };
  const hard = readAmounts(quota.spec?.hard);
  const before = readAmounts(quota.status?.used);
  const known = [...hard.keys()].filter((name) => used.has(name) || before.has(name));
  const counted = new Map(known.map((name) => [name, used.get(name) ?? before.get(name)!]));
  const same = counted.size === before.size && [...counted].every(([name, amount]) => before.get(name)?.equals(amount) === true);
  const isTold =
    quota.status?.hard !== undefined && quota.status.used !== undefined && deepEqual(quota.status.hard, quota.spec?.hard ?? {});
  if (same && isTold) return { writes: [], ...later };
  const status = { hard: quota.spec?.hard ?? {}, used: same ? writeAmounts(before) : writeAmounts(counted) };
  return { writes: [{ verb: 'update-status', kind: resourceQuotaKind, object: { ...quota, status } as KubeObject }], ...later };
}
