import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SeededRandom, silentLogger, SystemClock } from 'coxswain';
import { SystemSecureRandom } from '../../src/env/system-secure-random.ts';
import { ControlGroups } from '../../src/runtimes/process/control-groups.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import type { ContainerState, LogChunk } from '../../src/runtimes/runtime.ts';
import { canMakeNamespaces, killProcessesWith, processesWith } from './process-fixture.ts';
import { within } from './suite-patience.ts';

const program = fileURLToPath(new URL('host-program.ts', import.meta.url));
const clock = new SystemClock();
let folder: string;
let stateDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coxswain-host-'));
  stateDir = join(folder, 'state');
});

afterEach(() => {
  killProcessesWith(stateDir);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a host and waits until its pods run. */
async function startHost(
  onHostDeath: 'kill' | 'keep',
  pods: Readonly<Record<string, readonly string[]>>,
  network = 'auto',
): Promise<ChildProcess> {
  const host = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify({ stateDir, onHostDeath, network, pods })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ready = new Promise<void>((resolve, reject) => {
    host.stdout.once('data', () => resolve());
    host.once('exit', (code) => reject(new Error(`the host ended with ${code}`)));
  });
  await within(ready, 'the host runs its pods');
  return host;
}

async function killHost(host: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => host.once('exit', resolve));
  host.kill('SIGKILL');
  await ended;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const look = async (): Promise<void> => {
    while (!(await condition())) await clock.sleep(20);
  };
  await within(look(), what);
}

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

const parentOf = (pid: number): number => {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
};

const networkNames = (): string => execFileSync('sh', ['-c', 'ip netns list; ip -o link']).toString();

const groups = await ControlGroups.open(`coxswain-try-${process.pid}`);
await groups?.close();

/** Pods of every kind that is hard to kill. Each writes its processes' numbers, so that those without a mark are found too. */
const hardToKill = (pids: string): Readonly<Record<string, readonly string[]>> => ({
  ...(groups?.unified === undefined
    ? {}
    : { escaped: ['sh', '-c', `(env -i setsid sh -c 'echo $$ >>${pids}; exec sleep 100007' &); sleep 100011`] }),
  plain: ['sleep', '100001'],
  tree: ['sh', '-c', 'sleep 100002 & sh -c "sleep 100003 & sleep 100004" & wait'],
  stubborn: ['sh', '-c', "trap '' TERM HUP INT; while :; do sleep 1; done"],
  daemon: ['sh', '-c', `setsid sh -c 'setsid sleep 100005 & echo $! >>${pids}' & sleep 100006`],
  nameless: ['sh', '-c', `env -i sh -c 'echo $$ >>${pids}; exec sleep 100007' & sleep 100008`],
});

describe.runIf(process.platform === 'linux')('onHostDeath', () => {
  test('the folder that a cluster made for its nodes goes with the last of them', async () => {
    await killHost(await startHost('kill', { plain: ['sleep', '100012'] }));
    await until(() => !existsSync(folder), 'the folder in which that of the node was is gone');
    expect(processesWith(stateDir)).toEqual([]);
  });

  test('kill: kill -9 of the host leaves no process, no file and no guard', async () => {
    const pidFile = join(folder, 'pids');
    const expected = ['sleep 100005', 'sleep 100007', ...(groups?.unified === undefined ? [] : ['sleep 100007'])];
    const host = await startHost('kill', hardToKill(pidFile));
    await until(
      () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').split('\n').length > expected.length,
      'the daemons have started',
    );
    const hidden = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
    await until(() => hidden.map(commandLine).sort().join() === expected.join(), 'the daemons are what they will be');
    await until(() => processesWith(stateDir).length >= 9, 'all others have started');
    await killHost(host);
    await until(() => processesWith(stateDir).length === 0, 'every process with the mark is gone');
    await until(() => hidden.every((pid) => !commandLine(pid).startsWith('sleep 1000')), 'the daemons are gone');
    await until(() => !existsSync(stateDir), 'the folder is gone');
  });

  test.runIf(canMakeNamespaces())('kill: network namespaces and their bridge go too', async () => {
    const host = await startHost('kill', { plain: ['sleep', '100010'] }, 'namespace');
    // The program is in its namespace once what stands before it has given way to it.
    const inside = (): number | undefined =>
      processesWith('COXSWAIN_CONTAINER=uid-plain.0.main.0').find((pid) => commandLine(pid).endsWith('sleep 100010'));
    await until(() => inside() !== undefined && commandLine(inside()!).split(' ').length === 2, 'the program runs');
    const namespace = execFileSync('ip', ['netns', 'identify', String(inside())])
      .toString()
      .trim();
    expect(namespace).toMatch(/^cxw[0-9a-f]{8}-0$/);
    const bridge = namespace.slice(0, -2);
    expect(networkNames()).toContain(`${bridge}: `);
    await killHost(host);
    await until(() => processesWith(stateDir).length === 0 && !existsSync(stateDir), 'everything of the host is gone');
    expect(networkNames()).not.toContain(bridge);
  });

  test('keep: the next host finds what runs, what ended meanwhile, and every line they wrote', async () => {
    const host = await startHost('keep', {
      talker: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo "line $i"; echo "trouble $i" >/dev/stderr; sleep 0.05; done'],
      ends: ['sh', '-c', 'sleep 1; echo last words; exit 7'],
      shimless: ['sleep', '100009'],
    });
    await killHost(host);
    // Between its fork and its exec a child of the shell has the same command line.
    const shells = processesWith('COXSWAIN_CONTAINER=uid-talker.0.main.0').filter((pid) => /^\S*sh -c/.test(commandLine(pid)));
    const talker = shells.filter((pid) => !shells.includes(parentOf(pid)));
    expect(talker).toHaveLength(1);
    await until(() => !processesWith('COXSWAIN_CONTAINER=uid-ends.0.main.0').length, 'a pod ends while there is no host');
    const [shim] = processesWith('uid-shimless').filter((pid) => commandLine(pid).includes('node'));
    process.kill(shim!, 'SIGKILL');

    const runtime = await nextHost('keep');
    const states = new Map<string, ContainerState>();
    const hasEnded = (name: string): Promise<void> =>
      until(async () => {
        for (const { podName, containers } of await runtime.listSandboxes()) states.set(podName, containers[0]!.state);
        return states.get(name)?.state === 'exited';
      }, `${name} has ended`);
    await hasEnded('ends');
    expect(states.get('talker')).toMatchObject({ state: 'running' });
    expect(states.get('ends')).toMatchObject({ state: 'exited', exitCode: 7, reason: 'Error' });
    expect(states.get('shimless')).toMatchObject({ state: 'running' });
    expect(processesWith('COXSWAIN_CONTAINER=uid-talker.0.main.0')).toContain(talker[0]);
    expect(await textOf(runtime.logs('uid-ends.0.main.0', {}))).toBe('last words\n');

    const leave = new AbortController();
    const lines: string[] = [];
    for await (const { data } of runtime.logs('uid-talker.0.main.0', { follow: true, signal: leave.signal })) {
      lines.push(
        ...Buffer.from(data)
          .toString()
          .split('\n')
          .filter((line) => line.startsWith('line')),
      );
      if (lines.length > 25) leave.abort();
    }
    expect(lines).toEqual(lines.map((_line, index) => `line ${index + 1}`));

    process.kill(
      processesWith('uid-shimless').find((pid) => commandLine(pid).endsWith('sleep 100009'))!,
      'SIGKILL',
    );
    await hasEnded('shimless');
    expect(states.get('shimless')).toMatchObject({
      exitCode: 255,
      message: expect.stringMatching(/exit code is not known: its shim was killed/),
    });
    await runtime.close();
    expect(processesWith('COXSWAIN_CONTAINER=uid-talker.0.main.0')).toContain(talker[0]);

    await (await nextHost('kill')).close();
    expect(processesWith(stateDir)).toEqual([]);
    expect(existsSync(stateDir)).toBe(false);
  });
});

async function nextHost(onHostDeath: 'kill' | 'keep'): Promise<ProcessRuntime> {
  const runtime = new ProcessRuntime({ images: {} });
  await runtime.open({
    clock,
    random: new SeededRandom(1),
    secureRandom: new SystemSecureRandom(),
    logger: silentLogger,
    clusterId: 'host-program',
    nodeName: 'n1',
    onHostDeath,
    stateDir,
  });
  return runtime;
}

async function textOf(log: AsyncIterable<LogChunk>): Promise<string> {
  let text = '';
  for await (const { data } of log) text += Buffer.from(data).toString();
  return text;
}
