import { EtcdStore } from '../../src/stores/etcd-store.ts';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { PlantedStore } from './planted-store.ts';

/** How many changes a store that is killed keeps for watches. */
export const historyLimit = 1_000;

/** `lmdb:/directory`, `etcd:http://host:port,/prefix`, and those of `PlantedStore`, such as `late:/directory`. */
export function crashStore(name: string): Store {
  const at = name.indexOf(':');
  const [kind, place] = [name.slice(0, at), name.slice(at + 1)];
  switch (kind) {
    case 'lmdb':
      return new LmdbStore({ path: place, historyLimit });
    case 'etcd': {
      const [endpoint = '', prefix = ''] = place.split(',');
      return new EtcdStore({ endpoints: [endpoint], prefix, requestTimeoutMs: 15_000, compactionIntervalMs: 0 });
    }
    case 'late':
    case 'unsynced':
    case 'early':
    case 'forgetful':
    case 'synced':
      return new PlantedStore(place, kind);
    default:
      throw new Error(`no store is called ${name}`);
  }
}
