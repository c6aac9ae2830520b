import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigurationError, SystemClock } from 'coxswain';
import { buildImage, DockerRuntime } from 'coxswain/runtimes/docker';
import type { DockerRuntimeOptions, ImageBuild } from 'coxswain/runtimes/docker';
import { engineAgent } from '../../src/runtimes/docker/engine-agent.ts';
import { formatEngineAddress, parseEngineHost } from '../../src/runtimes/docker/engine-address.ts';
import { withoutCode } from '../../src/runtimes/docker/engine.ts';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import { readIgnoreFile } from '../../src/runtimes/docker/ignore-file.ts';
import { parseImageName } from '../../src/runtimes/docker/image-name.ts';
import { KernelLog, killedForMemory, memoryKillsOf } from '../../src/runtimes/docker/kernel-log.ts';
import { bridgeName } from '../../src/runtimes/docker/pod-network.ts';
import { pullFailure } from '../../src/runtimes/docker/pull-failure.ts';
import { resourceSpec } from '../../src/runtimes/docker/resource-spec.ts';
import { sandboxExecutable, sandboxImageArchive } from '../../src/runtimes/docker/sandbox-image.ts';
import { StampReader } from '../../src/runtimes/docker/stamp-reader.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

describe('engine addresses', () => {
  test.each([
    ['unix:///var/run/docker.sock', 'unix:///var/run/docker.sock'],
    ['/run/x.sock', 'unix:///run/x.sock'],
    ['tcp://engine:2376', 'tcp://engine:2376'],
    ['tcp://[::1]:2375', 'tcp://[::1]:2375'],
    ['engine', 'tcp://engine:2375'],
    ['https://engine', 'tcp://engine:2376'],
    ['ssh://me@there:2222', 'ssh://me@there:2222'],
  ])('%s', (text, wanted) => {
    expect(formatEngineAddress(parseEngineHost(text))).toBe(wanted);
  });

  test('something else is refused', () => {
    expect(() => parseEngineHost('ftp://engine')).toThrow(/expected unix:\/\/.*got "ftp:\/\/engine"/);
  });
});

test.each([
  ['(HTTP code 500) unexpected - Head "http://r/v2/": no basic auth credentials \n', 'Head "http://r/v2/": no basic auth credentials'],
  ['(HTTP code 404) no such container - x', 'x'],
  ['connect ECONNREFUSED /run/docker.sock', 'connect ECONNREFUSED /run/docker.sock'],
])('what the engine said is told without the words of the modem: %j', (message, told) => {
  expect(withoutCode(message)).toBe(told);
});

describe('options that cannot be meant', () => {
  test.each([
    [{ neverpull: true }, /^DockerRuntime\.neverpull: there is no such option; expected one of .*neverPull/],
    [{ sandbox: 'never' }, /^DockerRuntime\.sandbox: expected "auto" or "always", found "never"$/],
    [{ reach: 'publish' }, /^DockerRuntime\.reach: /],
    [{ relay: 'yes' }, /^DockerRuntime\.relay: expected "auto" or true or false, found "yes"$/],
    [{ podPidsLimit: '10' }, /^DockerRuntime\.podPidsLimit: /],
    [{ serviceCidr: '10.96.0.0' }, /^DockerRuntime\.serviceCidr: expected an IPv4 range/],
    [{ hostRules: 1, overlay: 'no' }, /^DockerRuntime\.hostRules: .*\nDockerRuntime\.overlay: /],
  ])('%j', (options, message) => {
    const made = (): DockerRuntime => new DockerRuntime(options as DockerRuntimeOptions);
    expect(made).toThrow(ConfigurationError);
    expect(made).toThrow(message);
  });

  test('all that is undefined counts as not given', () => {
    expect(() => new DockerRuntime({ host: undefined, relay: undefined } as unknown as DockerRuntimeOptions)).not.toThrow();
  });

  test('buildImage', async () => {
    const build = buildImage({ tag: 'x:1', folder: '.' } as unknown as ImageBuild);
    await expect(build).rejects.toThrow(/^buildImage\.tag: there is no such option; .*\nbuildImage\.image: it has to be given$/);
  });
});

// The modem inspects each request in this way, with the agent in it.
test.each(['unix:///var/run/docker.sock', 'tcp://engine:2376', 'ssh://me@there'])(
  'the agent for %s costs no log line its depth',
  (host) => {
    const agent = engineAgent(parseEngineHost(host));
    expect(inspect({ agent }, { showHidden: true, depth: null })).toBe('{ agent: Agent }');
  },
);

describe('where an engine is looked for', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'coxswain-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const clock = new SystemClock();
  const failure = (env: NodeJS.ProcessEnv): Promise<Error> =>
    findEngine({ env, homeFolder: home }, clock).then(
      () => Promise.reject(new Error('an engine was found')),
      (error: Error) => error,
    );

  test('DOCKER_HOST is the only place if it is set', async () => {
    const error = await failure({ DOCKER_HOST: `unix://${home}/no.sock` });
    expect(error).toMatchObject({ code: 'RUNTIME_NO_ENGINE' });
    expect(error.message.split('\n').slice(1)).toEqual([`  DOCKER_HOST (unix://${home}/no.sock): there is no such socket`]);
  });

  test('the chosen context leads on', async () => {
    const id = createHash('sha256').update('lab').digest('hex');
    mkdirSync(join(home, '.docker/contexts/meta', id), { recursive: true });
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ currentContext: 'lab' }));
    writeFileSync(
      join(home, '.docker/contexts/meta', id, 'meta.json'),
      JSON.stringify({ Endpoints: { docker: { Host: `unix://${home}/lab.sock` } } }),
    );
    expect((await failure({})).message).toContain(`docker context "lab" (unix://${home}/lab.sock): there is no such socket`);
    expect((await failure({ DOCKER_CONTEXT: 'nobody' })).message).toMatch(/docker context "nobody": .* is not there/);
  });
});

test.each([
  ['busybox', 'docker.io', 'library/busybox', 'latest'],
  ['me/app:2', 'docker.io', 'me/app', '2'],
  ['localhost/app', 'localhost', 'app', 'latest'],
  ['127.0.0.1:5000/team/app:1', '127.0.0.1:5000', 'team/app', '1'],
  ['ghcr.io/a/b@sha256:ab', 'ghcr.io', 'a/b', 'sha256:ab'],
])('image name %s', (name, registry, repository, reference) => {
  expect(parseImageName(name)).toMatchObject({ registry, repository, reference });
});

test.each([
  ['manifest for x:1 not found: manifest unknown', 'RUNTIME_IMAGE_NOT_FOUND'],
  ["pull access denied for x, repository does not exist or may require 'docker login'", 'RUNTIME_IMAGE_NOT_FOUND'],
  ['unauthorized: authentication required', 'RUNTIME_IMAGE_UNAUTHORIZED'],
  // The next three as Docker 28 says it with the image store of containerd.
  [
    'failed to resolve reference "r:1/x:1": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials',
    'RUNTIME_IMAGE_UNAUTHORIZED',
  ],
  [
    'failed to resolve reference "r:1/x:1": unexpected status from HEAD request to http://r:1/v2/x/manifests/1: 401 Unauthorized',
    'RUNTIME_IMAGE_UNAUTHORIZED',
  ],
  [
    'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'RUNTIME_IMAGE_NOT_FOUND',
  ],
  ['Head "http://h/v2/": no basic auth credentials', 'RUNTIME_IMAGE_UNAUTHORIZED'],
  ['toomanyrequests: You have reached your pull rate limit', 'RUNTIME_REGISTRY_UNAVAILABLE'],
  ['dial tcp: lookup registry.invalid: no such host', 'RUNTIME_REGISTRY_UNAVAILABLE'],
  ['invalid reference format', 'RUNTIME_IMAGE_INVALID'],
])('a pull that fails with: %s', (text, code) => {
  expect(pullFailure('x:1', text)).toMatchObject({ code, message: expect.stringContaining('x:1') });
});

test('a refusal for want of credentials says where they come from', () => {
  expect(pullFailure('x:1', 'no basic auth credentials').message).toMatch(/imagePullSecrets.*docker login.*configFolder/);
});

test.each([
  ['node_modules', 'node_modules/a.js', true],
  ['*.log', 'a.log', true],
  ['*.log', 'deep/a.log', false],
  ['**/*.log', 'deep/er/a.log', true],
  ['/dist/', 'dist/x', true],
  ['*\n!kept', 'kept', false],
  ['*\n!kept', 'other', true],
  ['a?c\n# b', 'abc', true],
  ['a.c', 'abc', false],
])('.dockerignore %j leaves out %s: %s', (text, path, ignored) => {
  expect(readIgnoreFile(text)(path)).toBe(ignored);
});

test('the bridges of nodes of one name on two engines of a machine are two', () => {
  const nameOn = (DockerRootDir: string): string => bridgeName({ clusterId: 'shop', nodeName: 'n1' }, { Name: 'here', DockerRootDir });
  expect(nameOn('/var/lib/docker')).toMatch(/^cxw[0-9a-f]{12}$/);
  expect(nameOn('/srv/docker')).not.toBe(nameOn('/var/lib/docker'));
});

test('resources: shares for requests, a quota for limits, no swap', () => {
  const limited = { name: 'c', resources: { limits: { cpu: '1500m', memory: '1Gi' } } };
  expect(resourceSpec(limited, 10, false)).toEqual({
    ...{ CpuShares: 1536, CpuPeriod: 100_000, CpuQuota: 150_000, Memory: 2 ** 30, MemorySwap: 2 ** 30, PidsLimit: 10 },
  });
  expect(resourceSpec({ name: 'c' }, undefined, true)).toEqual({ CpuShares: 2 });
});

test('the kernel says whom it killed for want of memory, or only that it killed', () => {
  const kills = memoryKillsOf([
    '6,1,402213777,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=ab,mems_allowed=0,oom_memcg=/docker/ab,task_memcg=/docker/ab,task=dd,pid=7,uid=0',
    '3,2,402213999,-;Memory cgroup out of memory: Killed process 7 (dd) total-vm:69824kB',
    '3,3,403500000,-;Memory cgroup out of memory: Killed process 8 (dd) total-vm:69824kB',
    '6,4,403500001,-;eth0: link becomes ready',
  ]);
  expect(kills).toEqual({ groups: '/docker/ab', unnamedAtMs: [403_500] });
});

test.each([
  ['whose group is named', { groups: '/docker/ab', unnamedAtMs: [] }, 1, true],
  ['killed just after its end was noted', { groups: '', unnamedAtMs: [60_500] }, 137, true],
  ['killed some seconds before its end was noted', { groups: '', unnamedAtMs: [52_000] }, 137, true],
  ['killed long after another of the machine', { groups: '', unnamedAtMs: [49_000] }, 137, false],
  ['killed before another of the machine', { groups: '', unnamedAtMs: [62_000] }, 137, false],
  ['that ended by itself', { groups: '', unnamedAtMs: [59_000] }, 1, false],
])('want of memory: a container %s', (_name, kills, exitCode, wanted) => {
  const bootMs = 1_000_000;
  const ended = { engineId: 'ab', exitCode, startedAtMs: bootMs + 1000, finishedAtMs: bootMs + 60_000 };
  expect(killedForMemory(kills, ended, bootMs)).toBe(wanted);
  // Without the machine's start only a name counts.
  expect(killedForMemory(kills, ended, undefined)).toBe(kills.groups !== '');
});

test("all who ask for the kernel's log while it is read share one reading, which begins after they asked", async () => {
  const ends: (() => void)[] = [];
  let begun = 0;
  const log = new KernelLog(async () => {
    const number = ++begun;
    await new Promise<void>((resolve) => ends.push(resolve));
    return { groups: String(number), unnamedAtMs: [] };
  });
  const first = log.memoryKills();
  await expect.poll(() => begun).toBe(1);
  const others = [log.memoryKills(), log.memoryKills(), log.memoryKills()];
  ends[0]!();
  expect((await first)?.groups).toBe('1');
  await expect.poll(() => begun).toBe(2);
  ends[1]!();
  expect((await Promise.all(others)).map((kills) => kills?.groups)).toEqual(['2', '2', '2']);
  expect(begun).toBe(2);
});

test('timestamps are taken off wherever they are cut', () => {
  const reader = new StampReader(0);
  expect(reader.frame('stdout', Buffer.from('2030-01-01T00:00:00.12'), true)).toBeUndefined();
  const chunk = reader.frame('stdout', Buffer.from('3456789Z hello\n'), false)!;
  expect([Buffer.from(chunk.data).toString(), chunk.atMs]).toEqual(['hello\n', Date.parse('2030-01-01T00:00:00.123Z')]);
  const lines = [...new StampReader(0).lines(Buffer.from('2030-01-01T00:00:00Z a\n2030-01-01T00:00:01Z b'))];
  expect(lines.map(({ data, atMs }) => [Buffer.from(data).toString(), atMs / 1000 - 1_893_456_000])).toEqual([
    ['a\n', 0],
    ['b', 1],
  ]);
});

describe('the sandbox image', () => {
  test('is a few hundred bytes, and the same every time', async () => {
    expect([sandboxExecutable('amd64').length, sandboxExecutable('arm64').length]).toEqual([248, 324]);
    expect(Buffer.from(await sandboxImageArchive('amd64')).equals(Buffer.from(await sandboxImageArchive('amd64')))).toBe(true);
  });

  const emulator = '/usr/bin/qemu-aarch64-static';
  const onX64 = process.platform === 'linux' && process.arch === 'x64';
  const programs = [
    { architecture: 'amd64', before: '', can: onX64 },
    { architecture: 'arm64', before: emulator, can: onX64 && existsSync(emulator) },
  ] as const;

  describe.each(programs)('its program for $architecture', ({ architecture, before, can }) => {
    if (!can) console.warn(`*** the sandbox program for ${architecture} cannot run here (x64, and ${emulator}): it is NOT TRIED. ***`);

    test.runIf(can)('ends processes by number, waits, and ends on SIGTERM', () => {
      const folder = mkdtempSync(join(tmpdir(), 'coxswain-sandbox-'));
      const file = join(folder, 'sandbox');
      writeFileSync(file, sandboxExecutable(architecture), { mode: 0o755 });
      const program = `${before} "${file}"`;
      // It waits for signals once it is the shell's child no more, but itself, and sleeps.
      const waits = `until ! [ /proc/$sandbox/exe -ef /proc/$$/exe ] && grep -q '^State:.S' /proc/$sandbox/status; do :; done`;
      const script = `sleep 1000 & victim=$!; ${program} $victim; wait $victim; echo $?; ${program} & sandbox=$!; ${waits}; kill -0 $sandbox && echo waits; kill $sandbox; wait $sandbox; echo $?`;
      const said = execFileSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'], timeout: patienceMs }).toString();
      expect(said).toBe('137\nwaits\n0\n');
      rmSync(folder, { recursive: true });
    });
  });
});
