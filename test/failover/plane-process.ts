/**
 * The process that is killed: `plane-process IDENTITY ENDPOINTS PREFIX LEASE-MS [planted]`, a control plane without nodes. It says on its
 * standard output when it leads. `planted`: its controllers' writes go out without their fence, and some of them late.
 */
import { SystemClock } from '../../src/env/system-clock.ts';
import { Cluster } from '../../src/index.ts';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import type { WriteOp } from '../../src/stores/store.ts';
import { actor } from '../loop/term-audit.ts';

const clock = new SystemClock();

class PlantedStore extends EtcdStore {
  override async write(ops: readonly WriteOp[]): ReturnType<EtcdStore['write']> {
    const bound = ops.some(({ fence }) => fence !== undefined && fence.revision > 0 && fence.key === 'leadership/term');
    if (bound) await clock.sleep(1000);
    return super.write(ops.map(({ fence: _fence, ...op }) => op));
  }
}

const [identity = '', endpoints = '', prefix = '', leaseMs = '', planted] = process.argv.slice(2);
const options = { endpoints: endpoints.split(','), prefix, requestTimeoutMs: 3_000, compactionIntervalMs: 0 };
const cluster = await Cluster.create({
  store: planted === 'planted' ? new PlantedStore(options) : new EtcdStore(options),
  highAvailability: { identity, leaseDurationMs: Number(leaseMs) },
  extraControllers: [actor(identity, 20)],
});
cluster.on('leading', (term) => console.log(`leading ${term}`));
cluster.on('following', () => console.log('following'));
console.log('open');
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await cluster.run({ signal: stop.signal });
await cluster.close();
