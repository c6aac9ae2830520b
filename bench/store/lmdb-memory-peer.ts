/** Says by how many bytes the heap has grown once the store in the directory given is open. */
import { LmdbStore } from '../../src/stores/lmdb-store.ts';

const store = new LmdbStore({ path: process.argv[2]! });
const { gc } = globalThis;
gc?.();
const before = process.memoryUsage().heapUsed;
await store.open();
gc?.();
process.stdout.write(String(process.memoryUsage().heapUsed - before));
await store.close();
