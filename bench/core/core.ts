import type { Measure } from '../measure.ts';
import { proxyHttp, proxyTcp } from './proxy.ts';
import { startCluster } from './start.ts';
import { storePut } from './store-put.ts';

/** The figures of the core, in the order in which they are taken. */
export const core: readonly Measure[] = [startCluster, storePut, proxyHttp, proxyTcp];
