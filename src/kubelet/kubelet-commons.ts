import { TimeTexts } from '../api/time-texts.ts';
import { PodRequests } from './pod-requests.ts';
import { StatusPool } from './status-pool.ts';

/**
 * What the kubelets of one cluster have in common: texts and parts of statuses that say the same, and what pods of a template ask
 * for. With thousands of nodes most of it would otherwise be held once for each pod.
 */
export class KubeletCommons {
  readonly times = new TimeTexts();
  readonly pool = new StatusPool();
  readonly requests = new PodRequests();
}
