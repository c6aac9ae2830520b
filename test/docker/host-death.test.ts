import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SeededRandom, SystemClock } from 'coxswain';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { sweepNode } from '../../src/runtimes/docker/sweep.ts';
import { within } from '../runtimes/suite-patience.ts';
import { overlayLabels } from '../../src/runtimes/docker/docker-labels.ts';
import { bridgesOf, leftBehind, watchdogsOf } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const program = fileURLToPath(new URL('host-program.ts', import.meta.url));
const clock = new SystemClock();
const name = `host-death-${process.pid}`;
/** How often a host is killed at a random moment; `COXSWAIN_KILLS=100` for the long run. */
const kills = Number(process.env.COXSWAIN_KILLS ?? 3);
const seed = Number(process.env.COXSWAIN_SEED ?? 1);

const here = await engineHere('the death of a host with containers');
let engine: Engine;
let folder: string;
let foreign: string;

interface Host {
  readonly process: ChildProcess;
  /** The first line that begins with the word, without it. */
  says(word: string): Promise<string>;
}

function startHost(keep: boolean, replicas = 3, relay = false): Host {
  const order = JSON.stringify({ name, keep, folder, replicas, relay });
  const child = spawn(process.execPath, ['--import', 'tsx', program, order], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const wake = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const each of wake) each();
  });
  const says = (word: string): Promise<string> =>
    within(
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => each.startsWith(word));
          if (line !== undefined) resolve(line.slice(word.length + 1));
        };
        wake.add(look);
        child.once('exit', (code) => reject(new Error(`the host ended with ${code}`)));
        look();
      }),
      `the host says "${word}"`,
    );
  return { process: child, says };
}

async function end(host: Host, signal: NodeJS.Signals): Promise<void> {
  if (host.process.exitCode !== null || host.process.signalCode !== null) return;
  const ended = new Promise((resolve) => host.process.once('exit', resolve));
  host.process.kill(signal);
  await ended;
}

/** Resolves with how long it took: a figure to be read, as slow as the engine is on this machine. */
async function untilNothingIsLeft(): Promise<number> {
  const since = clock.now();
  const look = async (): Promise<void> => {
    while ((await leftBehind(engine, name)).length > 0) await clock.sleep(50);
  };
  await within(look(), 'everything of the host is gone');
  return clock.now() - since;
}

/** By then everything that was under way at the death of the host has been cleared up as well. */
async function untilWatchdogsHaveGone(): Promise<void> {
  const look = async (): Promise<void> => {
    while (watchdogsOf(name).length > 0) await clock.sleep(50);
  };
  await within(look(), 'the watchdog goes');
}

describe.runIf(here)('death of a host', { timeout: 400_000 + kills * 120_000 }, () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    // Somebody else's, with labels that look like ours at first sight.
    const body = { Image: testImages.base, Cmd: ['sleep', '100000'], Labels: { 'coxswain.cluster': 'somebody-else' } };
    foreign = (await engine.json<{ readonly Id: string }>('create', { method: 'POST', path: '/containers/create', body })).Id;
    await engine.json('start', { method: 'POST', path: `/containers/${foreign}/start` });
  });
  afterAll(async () => {
    await engine.json('remove', { method: 'DELETE', path: `/containers/${foreign}`, query: { force: true } });
    engine.close();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coxswain-host-'));
  });
  afterEach(async () => {
    await sweepNode(engine, clock, JSON.stringify({ label: [`coxswain.cluster=${name}`] }));
    rmSync(folder, { recursive: true, force: true });
  });

  const foreignRuns = async (): Promise<boolean> =>
    (
      await engine.json<{ readonly State: { readonly Running: boolean } }>('inspect', {
        method: 'GET',
        path: `/containers/${foreign}/json`,
      })
    ).State.Running;

  test('kill -9: the watchdog removes containers, network and folders, and goes', async () => {
    const host = startHost(false);
    await host.says('ready');
    // Three containers, the network, and a volume as a claim of the node has it.
    const [network] = await engine.json<readonly { readonly Labels: object }[]>('list', {
      method: 'GET',
      path: '/networks',
      query: { filters: JSON.stringify({ label: [`coxswain.cluster=${name}`] }) },
    });
    const body = { Name: `${name}-claim`, Labels: { ...network!.Labels, 'coxswain.role': 'volume' } };
    await engine.json('create a volume', { method: 'POST', path: '/volumes/create', body });
    // And one that belongs to no node, as engines of a swarm share it.
    const shared = { Name: `${name}-shared`, Labels: overlayLabels(name) };
    await engine.json('create a network', { method: 'POST', path: '/networks/create', body: shared });
    expect((await leftBehind(engine, name)).length).toBe(6);
    await end(host, 'SIGKILL');
    const tookMs = await untilNothingIsLeft();
    console.log(`the watchdog took ${tookMs} ms`);
    await untilWatchdogsHaveGone();
    expect(existsSync(join(folder, 'coxswain-state'))).toBe(false);
    expect(await foreignRuns()).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)('kill -9 after the engine had lost the pod network: its bridge goes too', async () => {
    const host = startHost(false, 0);
    await host.says('ready');
    const query = { filters: JSON.stringify({ label: [`coxswain.cluster=${name}`] }) };
    const [network] = await engine.json<readonly { readonly Id: string }[]>('list', { method: 'GET', path: '/networks', query });
    const [bridge] = bridgesOf(name);
    await engine.json('remove', { method: 'DELETE', path: `/networks/${network!.Id}` });
    // As an engine leaves it whose restart went wrong.
    execFileSync('ip', ['link', 'add', 'name', bridge!, 'type', 'bridge']);
    await end(host, 'SIGKILL');
    await untilWatchdogsHaveGone();
    expect(bridgesOf(name)).toEqual([]);
  });

  const relays = async (): Promise<readonly string[]> => {
    const query = { filters: JSON.stringify({ label: [`coxswain.cluster=${name}`, 'coxswain.role=relay'] }) };
    const found = await engine.json<readonly { readonly Id: string }[]>('list', { method: 'GET', path: '/containers/json', query });
    return found.map(({ Id }) => Id);
  };

  test('kill -9 of a host with a relay: that and its network go too', async () => {
    const host = startHost(false, 2, true);
    await host.says('ready');
    // Two sandboxes and containers, the relay, and two networks.
    expect([(await leftBehind(engine, name)).length, (await relays()).length]).toEqual([7, 1]);
    await end(host, 'SIGKILL');
    await untilNothingIsLeft();
    await untilWatchdogsHaveGone();
  });

  test('keep: kill -9 of a host with a relay, and the next goes on with the same addresses', async () => {
    const first = startHost(true, 2, true);
    const pods = await first.says('ready');
    const [relay] = await relays();
    const before = (await leftBehind(engine, name)).filter((id) => id !== relay);
    await end(first, 'SIGKILL');
    // The relay ends with its owner, whatever else goes on.
    await expect.poll(relays, { timeout: 60_000 }).toEqual([]);
    const second = startHost(true, 2, true);
    await expect.poll(async () => (await relays()).length, { timeout: 60_000 }).toBe(1);
    expect(await second.says('ready')).toBe(pods);
    expect(await leftBehind(engine, name)).toEqual(expect.arrayContaining(before));
    await end(second, 'SIGKILL');
  });

  test(`kill -9 at ${kills} random moments: nothing is left, nothing foreign is touched`, async () => {
    const random = new SeededRandom(seed);
    for (let n = 0; n < kills; n++) {
      const host = startHost(false, 4);
      await host.says('created');
      await clock.sleep(random.integer(1500));
      await end(host, 'SIGKILL');
      await untilNothingIsLeft();
    }
    await untilWatchdogsHaveGone();
    expect(await leftBehind(engine, name)).toEqual([]);
    expect(await foreignRuns()).toBe(true);
  });

  test('keep: kill -9, and the next host goes on with the same containers', async () => {
    const first = startHost(true);
    const pods = await first.says('ready');
    const before = await leftBehind(engine, name);
    await end(first, 'SIGKILL');
    // It died while it sent files to an engine that does not see this machine's.
    const [network] = await engine.json<readonly { readonly Labels: object }[]>('list', {
      method: 'GET',
      path: '/networks',
      query: { filters: JSON.stringify({ label: [`coxswain.cluster=${name}`] }) },
    });
    const helper = { Image: testImages.base, Cmd: ['true'], Labels: { ...network!.Labels, 'coxswain.role': 'helper' } };
    await engine.json('create a helper', { method: 'POST', path: '/containers/create', body: helper });
    const second = startHost(true);
    expect(await second.says('ready')).toBe(pods);
    expect([...(await leftBehind(engine, name))].sort()).toEqual([...before].sort());
    await end(second, 'SIGKILL');
    expect([...(await leftBehind(engine, name))].sort()).toEqual([...before].sort());
  });
});
