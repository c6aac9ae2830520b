import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ControlGroups, groupFolders } from '../../src/runtimes/process/control-groups.ts';
import { processEntry } from '../../src/runtimes/process/process-table.ts';
import { RuntimeProbe } from '../../src/testing/runtime-probe.ts';
import { killProcessesWith, processFixture } from './process-fixture.ts';

const node = process.execPath;
/** Takes 16 MiB more each turn, and uses it. */
const greedy = 'const all = []; const eat = () => { all.push(Buffer.alloc(16 << 20, 1)); setTimeout(eat, 20); }; eat();';
const busy = 'console.log("started"); while (process.cpuUsage().user < 600000); setInterval(() => {}, 1000);';

const images = {
  who: { command: ['sh', '-c', 'echo $(id -u) $(id -g)'] as const },
  escaped: { command: ['sh', '-c', `(env -i setsid sh -c 'echo $$; exec sleep 100020' &); sleep 100021`] as const },
  greedy: { command: [node, '-e', greedy] as const },
  busy: { command: [node, '-e', busy] as const },
  /** Its child does the work, in a session of its own. */
  parent: { command: ['sh', '-c', `setsid ${node} -e '${busy}' & wait`] as const },
};

async function withRuntime(controlGroups: 'auto' | 'off', body: (probe: RuntimeProbe) => Promise<void>): Promise<void> {
  const probe = new RuntimeProbe(processFixture({ images, controlGroups }));
  try {
    await probe.open();
    await body(probe);
  } finally {
    await probe.dispose();
  }
}

describe.runIf(process.platform === 'linux').each(['auto', 'off'] as const)('resources, control groups %s', (controlGroups) => {
  test('a container above its memory limit is OOMKilled, its sibling is not', async () => {
    await withRuntime(controlGroups, async (probe) => {
      const sibling = await probe.run('busy', 'sibling', { spec: { resources: { limits: { memory: '256Mi' } } } });
      const container = await probe.run('greedy', 'greedy', { spec: { resources: { limits: { memory: '128Mi' } } } });
      expect(await probe.ended(container)).toMatchObject({ exitCode: 137, signal: 9, reason: 'OOMKilled' });
      expect(await probe.state(sibling)).toBe('running');
    });
  });

  test('a container that is killed otherwise is not', async () => {
    await withRuntime(controlGroups, async (probe) => {
      const container = await probe.run('busy', 'a', { spec: { resources: { limits: { memory: '256Mi' } } } });
      killProcessesWith(container.id);
      expect(await probe.ended(container)).toMatchObject({ exitCode: 137, reason: 'Error' });
    });
  });

  test('CPU and memory are those of the whole tree', async () => {
    await withRuntime(controlGroups, async (probe) => {
      const container = await probe.run('parent', 'a');
      const figures = async () => (await probe.runtime.stats())[0]?.containers[0];
      await probe.until(async () => ((await figures())?.cpuNanoseconds ?? 0) > 500_000_000, 'half a second of CPU time is counted');
      expect((await figures())?.memoryWorkingSetBytes).toBeGreaterThan(4 << 20);
      expect(await probe.state(container)).toBe('running');
    });
  });
});

const known = await ControlGroups.open(`coxswain-try-${process.pid}`);
await known?.close();
if (known === undefined) console.warn('*** control groups cannot be made here: what they add is NOT tested. ***');

describe.runIf(known?.unified !== undefined)('control groups', () => {
  test('hold a daemon that left everything behind, and go with the runtime', async () => {
    const groups: string[] = [];
    await withRuntime('auto', async (probe) => {
      const container = await probe.run('escaped', 'a');
      await probe.until(async () => (await probe.output(container)).stdout !== '', 'the daemon is there');
      const daemon = Number((await probe.output(container)).stdout);
      groups.push(
        ...readFileSync(`/proc/${daemon}/cgroup`, 'utf8')
          .split('\n')
          .filter((line) => line.includes(container.id)),
      );
      expect(readFileSync(`/proc/${daemon}/environ`, 'utf8')).not.toContain('COXSWAIN');
      await probe.runtime.stopSandbox(container.sandbox.id);
      expect(processEntry(daemon)).toBeUndefined();
    });
    expect(groups.length).toBeGreaterThan(0);
    const folders = groups.map((line) => line.split(':')[2]!.split('/').at(-2)!);
    expect(readdirSync(known!.unified!.replace(/\/[^/]*$/, '')).filter((name) => folders.includes(name))).toEqual([]);
  });
});

test('where control groups are: both versions, inside and outside of a container', () => {
  const mounts = [
    '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
    '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
  ].join('\n');
  expect(groupFolders(mounts, '4:cpuset,memory:/a/b\n0::/c\n')).toEqual({
    unified: ['/sys/fs/cgroup/unified/c', '/sys/fs/cgroup/unified'],
    memory: '/sys/fs/cgroup/memory/a/b',
  });
  const newer = '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
  expect(groupFolders(newer, '0::/\n')).toEqual({ unified: ['/sys/fs/cgroup'], memory: undefined });
  expect(groupFolders('', '')).toEqual({ unified: [], memory: undefined });
});

test.runIf(process.getuid?.() === 0).each(['auto', 'off'] as const)(
  'runAsUser and runAsGroup, control groups %s',
  async (controlGroups) => {
    await withRuntime(controlGroups, async (probe) => {
      const container = await probe.run('who', 'a', { securityContext: { runAsUser: 65534, runAsGroup: 65533 } });
      expect(await probe.ended(container)).toMatchObject({ exitCode: 0 });
      expect((await probe.output(container)).stdout).toBe('65534 65533\n');
    });
  },
);
