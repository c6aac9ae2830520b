import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { killProcessesWith, processesWith } from '../runtimes/process-fixture.ts';
import { answers, RestartHost, stateOf, until } from './restart-process.ts';

const alive = (pid: number): boolean => {
  try {
    // A zombie whose parent has not looked yet is no process any more.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

let folder: string;
let host: RestartHost | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coxswain-restart-'));
});
afterEach(async () => {
  await host?.end('SIGKILL');
  killProcessesWith(folder);
  rmSync(folder, { recursive: true, force: true });
});

const pidOf = (uid: string): number => processesWith(`COXSWAIN_CONTAINER=${uid}.0.main.0`)[0]!;

describe('restart of the host: processes and LmdbStore', () => {
  test('keep: what runs is adopted, what died is handled by its restart policy, Services answer where they did', async () => {
    host = await new RestartHost(folder, 'keep').up();
    const before = await host.state();
    const servers = await answers(before);
    expect(servers).toHaveLength(2);
    const { talker, waiter, sleeper } = before.pods;
    const talkerPid = pidOf(talker!.uid);
    await host.end('SIGKILL');

    expect(servers.map(Number).every(alive)).toBe(true);
    // While nobody looks: one comes to its end, one is killed.
    writeFileSync(join(folder, 'end'), '');
    const waiterPid = pidOf(waiter!.uid);
    process.kill(pidOf(sleeper!.uid), 'SIGKILL');
    await until(() => !alive(waiterPid), 'the waiter has ended');

    host = await new RestartHost(folder, 'keep').up();
    const after = await stateOf(host, ({ sleeper, waiter }) => sleeper?.restarts === 1 && sleeper.ready && waiter?.phase === 'Failed');
    expect({ clusterIP: after.clusterIP, nodePort: after.nodePort, url: after.url }).toEqual({
      clusterIP: before.clusterIP,
      nodePort: before.nodePort,
      url: before.url,
    });
    expect(await answers(after)).toEqual(servers);
    expect(Object.keys(after.pods).sort()).toEqual(Object.keys(before.pods).sort());
    for (const [name, pod] of Object.entries(before.pods)) {
      if (name === 'sleeper' || name === 'waiter') continue;
      expect(after.pods[name], name).toEqual(pod);
    }
    expect(pidOf(talker!.uid)).toBe(talkerPid);
    expect(after.pods['waiter']).toMatchObject({ uid: waiter!.uid, phase: 'Failed', restarts: 0, exit: 7 });
    expect(after.said).toEqual(['last words']);
    expect(after.pods['sleeper']).toMatchObject({ uid: sleeper!.uid, phase: 'Running', restarts: 1, exit: 137 });
    // What was said while nobody listened is in the log, and it goes on.
    expect(after.talked).toEqual(after.talked.map((_line, i) => `line ${i + 1}`));
    expect(after.talked.length).toBeGreaterThan(before.talked.length);
    const { talked } = after;
    await until(async () => (await host!.state()).talked.length > talked.length, 'the talker talks on');
    await host.end('close');
  });

  test('kill: the death of the host leaves nothing; started again, the same Pods run anew at the same address', async () => {
    host = await new RestartHost(folder, 'kill').up();
    const before = await host.state();
    const servers = await answers(before);
    await host.end('SIGKILL');
    await until(() => !servers.map(Number).some(alive) && processesWith(join(folder, 'state')).length === 0, 'nothing is left');

    host = await new RestartHost(folder, 'kill').up();
    const after = await stateOf(host, ({ waiter: _never, ...others }) =>
      Object.entries(others).every(([name, { restarts, ready }]) => restarts === before.pods[name]!.restarts + 1 && ready),
    );
    expect([after.clusterIP, after.nodePort]).toEqual([before.clusterIP, before.nodePort]);
    expect(after.pods['talker']).toMatchObject({ uid: before.pods['talker']!.uid, ready: true });
    const fresh = await answers(after);
    expect(fresh).toHaveLength(2);
    expect(fresh.some((pid) => servers.includes(pid))).toBe(false);
    await host.end('close');
    expect(processesWith(join(folder, 'state'))).toEqual([]);
  });
});
