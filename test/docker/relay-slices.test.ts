import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import { sandboxId } from '../../src/runtimes/container-id.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { currentOwner } from '../../src/runtimes/docker/process-owner.ts';
import { RelayHub } from '../../src/runtimes/docker/relay-hub.ts';
import type { RelayHubParts, RelayMember } from '../../src/runtimes/docker/relay-hub.ts';
import type { RuntimeEnv } from '../../src/runtimes/runtime.ts';
import { DockerStage } from './docker-stage.ts';
import { canStartDockerd, ownSubnet } from './own-dockerd.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { OwnSwitch } from './own-machine.ts';
import { testEngine, testImages } from './test-images.ts';

const name = `slices-${process.pid}`;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const { signal } = new AbortController();
let ownSwitch: OwnSwitch | undefined;
let dockerds: readonly OwnDockerd[] = [];
let engines: readonly Engine[] = [];

const envWith = (onHostDeath: 'keep' | 'kill'): RuntimeEnv =>
  ({ clusterId: name, nodeName: 'n', onHostDeath, clock: new SystemClock(), logger: silent }) as unknown as RuntimeEnv;
const on = (n: number, onHostDeath: 'keep' | 'kill'): RelayHubParts => ({
  ...{ engine: engines[n]!, env: envWith(onHostDeath), owner: currentOwner() },
  ...{ architecture: 'x86_64', identity: `engine ${n}` },
});

/** A pod's sandbox that runs in the network of a member. Its id. */
async function podIn({ network }: RelayMember, n: number): Promise<string> {
  const plan = JSON.stringify({ uid: `pod-${n}`, attempt: 0 });
  const body = { Image: testImages.base, Cmd: ['sleep', '1000'], Labels: { 'coxswain.cluster': name, 'coxswain.pod.plan': plan } };
  const { Id } = await engines[n]!.json<{ readonly Id: string }>('make', { method: 'POST', path: '/containers/create', body });
  await network.join(Id, sandboxId(`pod-${n}`, 0), signal);
  await engines[n]!.json('start', { method: 'POST', path: `/containers/${Id}/start` });
  return Id;
}

describe.runIf(canStartDockerd())('the slice of an engine that is taken up', () => {
  let kept: { readonly slice: number; readonly cidr: string; readonly pod: string };

  beforeAll(async () => {
    ownSwitch = new OwnSwitch(ownSubnet(236));
    dockerds = await DockerStage.engines([2, 3].map((n) => ({ subnet: ownSubnet(198 + n), machine: ownSwitch!.machine(n) })));
    engines = await Promise.all(dockerds.map(({ host }) => testEngine(host)));
    const hub = new RelayHub();
    const member = await hub.join(on(0, 'keep'));
    kept = { slice: member.network.slice, cidr: member.network.cidr, pod: await podIn(member, 0) };
    await hub.leave(member);
    // The next engine that opens has the same slice: what one in 31 is given by its address.
    const other = await hub.join(on(1, 'kill'));
    const { name: Name } = other.network;
    await hub.leave(other);
    const Labels = {
      'coxswain.cluster': name,
      'coxswain.node': '*',
      'coxswain.role': 'relay-network',
      'coxswain.relay.slice': String(kept.slice),
    };
    const body = { Name, Driver: 'bridge', Internal: true, Labels, IPAM: { Config: [{ Subnet: kept.cidr }] } };
    await engines[1]!.json('make', { method: 'POST', path: '/networks/create', body });
  });
  afterAll(async () => {
    for (const engine of engines) engine.close();
    for (const dockerd of dockerds) await dockerd.close();
    ownSwitch?.close();
  });

  test('stays its own: the one that has it and no pods yet gets another, and both have a relay', async () => {
    const hub = new RelayHub();
    const [first, second] = await Promise.all([hub.join(on(1, 'keep')), hub.join(on(0, 'keep'))]);
    expect([second.network.slice, second.network.population]).toEqual([kept.slice, 1]);
    expect(first.network.slice).not.toBe(kept.slice);
    await podIn(first, 1);
    await expect.poll(() => [first.link.up, second.link.up], { timeout: 30_000 }).toEqual([true, true]);
    await hub.leave(first);
    await hub.leave(second);
    // Marked with its new slice, for the next time.
    const again = await hub.join(on(1, 'keep'));
    expect([again.network.slice, again.network.population]).toEqual([first.network.slice, 1]);
    await hub.leave(again);
  });
});
