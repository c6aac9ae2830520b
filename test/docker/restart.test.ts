import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SystemClock } from 'coxswain';
import { labels } from '../../src/runtimes/docker/docker-labels.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { sweepNode } from '../../src/runtimes/docker/sweep.ts';
import { answers, RestartHost, stateOf, until, type PodState } from '../e2e/restart-process.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine } from './test-images.ts';

/** What the engine says of a container; another process in it, or another start, is another answer. */
interface Container {
  readonly Id: string;
  readonly State: { readonly Pid: number; readonly StartedAt: string; readonly Running: boolean };
}

const here = await engineHere('a host that comes back to its containers');
const name = `restart-${process.pid}`;
let engine: Engine;
let folder: string;
let host: RestartHost | undefined;

/** The container of a Pod, of which there is one. */
async function inspect(pod: PodState): Promise<Container> {
  const filters = JSON.stringify({ label: [`${labels.podUid}=${pod.uid}`, `${labels.role}=container`] });
  const [found, ...more] = await engine.json<readonly Container[]>('list', {
    method: 'GET',
    path: '/containers/json',
    query: { filters, all: true },
  });
  expect(more).toEqual([]);
  return engine.json('inspect', { method: 'GET', path: `/containers/${found!.Id}/json` });
}

async function kill(pod: PodState, signal: string): Promise<void> {
  const { Id } = await inspect(pod);
  await engine.json('kill', { method: 'POST', path: `/containers/${Id}/kill`, query: { signal } });
  await until(async () => !(await inspect(pod)).State.Running, `the container of ${pod.uid} has ended`);
}

describe.runIf(here)('restart of the host: containers and LmdbStore', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coxswain-restart-'));
  });
  afterEach(async () => {
    await host?.end('SIGKILL');
    await sweepNode(engine, new SystemClock(), JSON.stringify({ label: [`coxswain.cluster=${name}`] }));
    rmSync(folder, { recursive: true, force: true });
  });

  test('keep: the same containers and processes go on, what died is handled by its restart policy, Services answer where they did', async () => {
    host = await new RestartHost(folder, 'keep', 'docker').up();
    const before = await host.state();
    const servers = await answers(before);
    expect(servers).toHaveLength(2);
    const { waiter, sleeper, ...survivors } = before.pods;
    const containers = await Promise.all(Object.values(survivors).map(inspect));
    await host.end('SIGKILL');
    // While nobody looks: one comes to its end, one is killed.
    await kill(waiter!, 'SIGTERM');
    await kill(sleeper!, 'SIGKILL');

    host = await new RestartHost(folder, 'keep', 'docker').up();
    const after = await stateOf(
      host,
      (pods) => pods['sleeper']?.restarts === 1 && pods['sleeper'].ready && pods['waiter']?.phase === 'Failed',
    );
    expect([after.clusterIP, after.nodePort, after.url]).toEqual([before.clusterIP, before.nodePort, before.url]);
    expect(await answers(after)).toEqual(servers);
    expect(Object.keys(after.pods).sort()).toEqual(Object.keys(before.pods).sort());
    expect(after.pods).toMatchObject(survivors);
    expect(await Promise.all(Object.values(survivors).map(inspect))).toMatchObject(
      containers.map(({ Id, State: { Pid, StartedAt } }) => ({ Id, State: { Pid, StartedAt, Running: true } })),
    );
    expect(after.pods['waiter']).toMatchObject({ uid: waiter!.uid, phase: 'Failed', restarts: 0, exit: 7 });
    expect(after.said).toEqual(['last words']);
    expect(after.pods['sleeper']).toMatchObject({ uid: sleeper!.uid, phase: 'Running', restarts: 1, exit: 137 });
    // What was said while nobody listened is in the log, and it goes on.
    expect(after.talked).toEqual(after.talked.map((_line, i) => `line ${i + 1}`));
    const { talked } = after;
    await until(async () => (await host!.state()).talked.length > talked.length, 'the talker talks on');

    // A host that closes in an orderly way leaves them as well, and finds them again.
    await host.end('close');
    host = await new RestartHost(folder, 'keep', 'docker').up();
    expect((await host.state()).pods).toMatchObject(survivors);
    expect(await answers(await host.state())).toEqual(servers);
    await host.end('SIGKILL');
    expect((await leftBehind(engine, name)).length).toBeGreaterThan(0);
  });
});
