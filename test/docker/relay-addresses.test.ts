import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import { parseIpv4 } from '../../src/runtimes/address-range.ts';
import type { InspectedContainer } from '../../src/runtimes/docker/engine-answers.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { currentOwner } from '../../src/runtimes/docker/process-owner.ts';
import { RelayHub } from '../../src/runtimes/docker/relay-hub.ts';
import { RelayNetwork } from '../../src/runtimes/docker/relay-network.ts';
import type { RuntimeEnv } from '../../src/runtimes/runtime.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `addresses-${process.pid}`;
const here = await engineHere('addresses in the network of a relay');
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const env = { clusterId: name, nodeName: 'n1', onHostDeath: 'kill', clock: new SystemClock(), logger: silent } as unknown as RuntimeEnv;
const { signal } = new AbortController();
let engine: Engine;

describe.runIf(here)('addresses in the network of a relay', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine, 'base');
  });
  afterAll(() => engine.close());

  test('a sandbox that is taken up once more is reached at the address that the engine has for it', async () => {
    const hub = new RelayHub();
    const parts = { engine, env, owner: currentOwner(), architecture: 'x86_64', identity: 'here' };
    const shared = await RelayNetwork.open(hub, parts);
    const body = { Image: testImages.base, Cmd: ['sleep', '1000'], Labels: { 'coxswain.cluster': name } };
    const { Id } = await engine.json<{ readonly Id: string }>('make', { method: 'POST', path: '/containers/create', body });
    try {
      await shared.join(Id, 'a', signal);
      // Its start failed, and whoever made it gave up.
      shared.release('a');
      await shared.join(Id, 'a', signal);
      await engine.json('start', { method: 'POST', path: `/containers/${Id}/start` });
      const inspected = await engine.json<InspectedContainer>('inspect', { method: 'GET', path: `/containers/${Id}/json` });
      const its = shared.addressOf('a', inspected)!;
      const member = await hub.join(parts);
      await hub.leave(member);
      expect([member.network.addresses.has(parseIpv4(its)!), member.network.population]).toEqual([true, 1]);
      shared.release('a');
      expect(member.network.addresses.has(parseIpv4(its)!)).toBe(false);
    } finally {
      await engine.json('remove', { method: 'DELETE', path: `/containers/${Id}`, query: { force: true } });
      await shared.close();
    }
    expect(await leftBehind(engine, name)).toEqual([]);
  });
});
