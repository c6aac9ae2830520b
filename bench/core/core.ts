import type { Measure } from '../measure.ts';
import { proxyHttp, proxyTcp } from './proxy.ts';
import { bytesPerPod, rc10kPods, virtualRatio } from './cluster.ts';
import { startCluster, startFirstPod } from './start.ts';
import { storePut } from './store-put.ts';

/** The figures of the core, in the order in which they are taken. */
export const core: readonly Measure[] = [startCluster, startFirstPod, rc10kPods, storePut, bytesPerPod, virtualRatio, proxyHttp, proxyTcp];
