import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { currentOwner } from '../../src/runtimes/docker/process-owner.ts';
import { RelayHub } from '../../src/runtimes/docker/relay-hub.ts';
import type { RuntimeEnv } from '../../src/runtimes/runtime.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { FaultProxy } from './fault-proxy.ts';
import { testEngine } from './test-images.ts';

const name = `turns-${process.pid}`;
const here = await engineHere('engines that join a relay at the same time');
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const env = { clusterId: name, nodeName: 'n1', onHostDeath: 'kill', clock: new SystemClock(), logger: silent } as unknown as RuntimeEnv;
const shared = { env, owner: currentOwner(), architecture: 'x86_64' };
let engine: Engine;
let proxy: FaultProxy;
let behind: Engine;

describe.runIf(here)('engines that join a relay at the same time', () => {
  beforeAll(async () => {
    engine = await testEngine();
    proxy = await FaultProxy.start(engine);
    behind = await testEngine(proxy.host);
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    behind.close();
    await proxy.close();
    engine.close();
  });

  const join = (hub: RelayHub, which: 'here' | 'behind') =>
    hub.join({ ...shared, engine: which === 'here' ? engine : behind, identity: which });

  test('one that hangs holds up no other that joins or leaves', async () => {
    const hub = new RelayHub();
    const order: string[] = [];
    proxy.frozen = true;
    const hung = join(hub, 'behind').catch(() => order.push('the hung one is refused'));
    const member = await join(hub, 'here');
    order.push('joined');
    await hub.leave(member);
    order.push('left');
    proxy.cutAll();
    await hung;
    expect(order).toEqual(['joined', 'left', 'the hung one is refused']);
    expect(await leftBehind(engine, name)).toEqual([]);
  });

  test('if the first fails at the choice of the range, the next one chooses', async () => {
    const hub = new RelayHub();
    const metBefore = proxy.met;
    proxy.add({ match: /^POST \S*\/networks\/create/, kind: 'hang' });
    const first = join(hub, 'behind').then(
      () => 'joined',
      () => 'refused',
    );
    await expect.poll(() => proxy.met, { timeout: patienceMs }).toBe(metBefore + 1);
    const second = join(hub, 'here');
    proxy.cutAll();
    expect(await first).toBe('refused');
    const member = await second;
    expect(member.link.up).toBe(true);
    await hub.leave(member);
    expect(await leftBehind(engine, name)).toEqual([]);
  });

  test('nodes that reach one engine by two addresses share its relay', async () => {
    const hub = new RelayHub();
    const parts = [engine, behind].map((each) => ({ ...shared, engine: each, identity: 'one' }));
    const [first, second] = await Promise.all(parts.map((each) => hub.join(each)));
    expect(second).toBe(first);
    expect(first!.nodes).toBe(2);
    await Promise.all([hub.leave(first!), hub.leave(second!)]);
    expect(await leftBehind(engine, name)).toEqual([]);
  });
});
