import { LmdbStore } from '../../src/stores/lmdb-store.ts';

/** Opens the store in the directory given, says so, and keeps it until it is killed. */
const store = new LmdbStore({ path: process.argv[2]! });
await store.open();
await store.write([{ key: '/owner', value: Object.freeze({ pid: process.pid }), expected: 0 }]);
process.stdout.write('open\n');
setInterval(() => undefined, 60_000);
