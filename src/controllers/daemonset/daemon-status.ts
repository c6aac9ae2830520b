import type { DaemonSetStatus } from '../../api/generated/models.ts';
import { availableInMs, isReady } from '../pods.ts';
import type { DaemonPass } from './daemon-pass.ts';

/** What a DaemonSet says of its Pods. */
export function daemonStatus(pass: DaemonPass, collisionCount: number | undefined): DaemonSetStatus {
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  for (const { shouldRun, pods } of pass.places) {
    const [pod] = pods;
    if (!shouldRun) {
      if (pod !== undefined) count.misscheduled++;
      continue;
    }
    count.desired++;
    if (pod === undefined) continue;
    count.current++;
    if (isReady(pod)) count.ready++;
    if (availableInMs(pod, pass.minReadySeconds, pass.now) === 0) count.available++;
    if (pods.some((each) => pass.isNew(each))) count.updated++;
  }
  const unavailable = count.desired - count.available;
  const { generation } = pass.set.metadata;
  const { conditions } = pass.set.status ?? {};
  return {
    currentNumberScheduled: count.current,
    desiredNumberScheduled: count.desired,
    numberMisscheduled: count.misscheduled,
    numberReady: count.ready,
    ...(count.available > 0 ? { numberAvailable: count.available } : {}),
    ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
    ...(count.updated > 0 ? { updatedNumberScheduled: count.updated } : {}),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}
