import type { Measure } from '../measure.ts';
import { storePut } from '../core/store-put.ts';
import { durablePuts } from './durable-puts.ts';
import { etcdWatch } from './etcd-watch.ts';
import { lmdbMemory, lmdbReopen } from './lmdb-reopen.ts';

/** The figures of the stores, in the order in which they are taken. */
export const store: readonly Measure[] = [storePut, ...durablePuts, etcdWatch, lmdbReopen, lmdbMemory];
