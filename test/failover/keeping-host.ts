/**
 * A control plane with a node of real processes that outlive it: `keeping-host FOLDER IDENTITY ENDPOINTS PREFIX LEASE-MS`. The node has
 * the name of the identity.
 */
import { join } from 'node:path';
import { Cluster } from '../../src/index.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import { EtcdStore } from '../../src/stores/etcd-store.ts';

const [folder = '', identity = '', endpoints = '', prefix = '', leaseMs = ''] = process.argv.slice(2);
const cluster = await Cluster.create({
  store: new EtcdStore({ endpoints: endpoints.split(','), prefix, requestTimeoutMs: 3_000, compactionIntervalMs: 0 }),
  highAvailability: { identity, leaseDurationMs: Number(leaseMs) },
  stateDir: join(folder, identity),
  onHostDeath: 'keep',
  nodes: [{ name: identity, runtime: new ProcessRuntime({ images: { sleeper: { command: ['sleep', '100000'] } } }) }],
});
console.log('open');
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await cluster.run({ signal: stop.signal });
await cluster.close();
