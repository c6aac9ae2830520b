import { parseTime } from '../api/time.ts';
import { jobKind } from '../kinds/job.ts';
import type { Controller, Plan } from './controller.ts';

/**
 * Deletes Jobs some time after they ended, with all that belongs to them.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
 */
export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished',
  component: 'ttl-after-finished-controller',
  triggers: [
    {
      kind: jobKind,
      keys: ({ type, object }) => (type === 'deleted' ? [] : [`${object.metadata.namespace ?? ''}/${object.metadata.name}`]),
    },
  ],
  reconcile(view, key, now): Plan {
    const [namespace, name = ''] = key.split('/');
    const job = view.get(jobKind, namespace, name);
    const seconds = job?.spec?.ttlSecondsAfterFinished;
    if (job === undefined || seconds === undefined || job.metadata.deletionTimestamp !== undefined) return { writes: [] };
    const end = job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
    if (end?.lastTransitionTime === undefined) return { writes: [] };
    const left = parseTime(end.lastTransitionTime) + seconds * 1000 - now;
    if (left > 0) return { writes: [], requeueAfterMs: left };
    // Only the very object that was looked at: the time may have been changed meanwhile.
    return { writes: [{ verb: 'delete', kind: jobKind, object: job, propagation: 'Foreground', unchanged: true }] };
  },
};
