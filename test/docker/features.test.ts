import { packTar, unpackTar } from 'modern-tar';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster, Pod } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Container, PodSpec } from 'coxswain/models';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { DockerStage } from './docker-stage.ts';
import { engineHere } from './engine-here.ts';
import { freePort } from './registry.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const name = `features-${process.pid}`;
const here = await engineHere('what the kubelet asks of Docker');
let engine: Engine;
let cluster: Cluster;
let stage: DockerStage;
let hostFolder: string;
let made = 0;

type Ended = { readonly exitCode: number; readonly reason?: string; readonly message?: string };

async function pod(container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Pod> {
  const main = { name: 'main', image: testImages.base, ...container };
  return cluster.pods.create({
    metadata: { name: `f${++made}`, labels: { app: 'features' } },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [main], ...spec },
  });
}

const now = (of: Pod): Pod => stage.now(of);

/** What a pod with this one container wrote, and how it ended. */
async function run(
  script: string,
  container: Partial<Container> = {},
  spec: Partial<PodSpec> = {},
): Promise<Ended & { readonly log: string }> {
  const it = await pod({ command: ['sh', '-c', script], ...container }, spec);
  const ended = () => now(it).status.containerStatuses?.find((each) => each.name === 'main')?.state?.terminated;
  await stage.until(it, 'the container to end', () => ended() !== undefined);
  let log = '';
  for await (const line of now(it).logs({ container: 'main' })) log += `${line}\n`;
  return { ...(ended() as Ended), log };
}

describe.runIf(here)('what the kubelet asks', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    hostFolder = mkdtempSync(join(tmpdir(), 'coxswain-hostpath-'));
    stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime: new DockerRuntime({ neverPull: true, podPidsLimit: 64 }) }] });
    ({ cluster } = stage);
  });
  afterAll(async () => {
    await stage.close();
    engine.close();
    rmSync(hostFolder, { recursive: true, force: true });
  });

  test('command, args, environment, working directory, exit code, termination message', async () => {
    const end = await run('echo "$0 $1 $A $(pwd)"; echo -n farewell >/tmp/last; exit 7', {
      ...{ args: ['zero', '$(A)'], env: [{ name: 'A', value: 'a b' }], workingDir: '/etc', terminationMessagePath: '/tmp/last' },
    });
    expect(end).toMatchObject({ exitCode: 7, reason: 'Error', message: 'farewell', log: 'zero a b a b /etc\n' });
  });

  test('FallbackToLogsOnError, and the exit code of a signal', async () => {
    const end = await run('echo last words; kill -9 $$; sleep 1', {
      terminationMessagePolicy: 'FallbackToLogsOnError',
      command: ['sh', '-c', 'echo last words; sh -c "kill -TERM \\$\\$"; exit $?'],
    });
    expect(end).toMatchObject({ exitCode: 143, message: expect.stringContaining('last words\n') });
  });

  test('a container that takes more than its memory is OOMKilled', async () => {
    const end = await run('', {
      command: ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=4'],
      resources: { limits: { memory: '16Mi' } },
    });
    expect(end).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  test('also twelve at a time, of which engines miss some and the kernel names ten', async () => {
    const command = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=4'];
    const limited = { command, resources: { limits: { memory: '16Mi' } } };
    const ends = await Promise.all(Array.from({ length: 12 }, () => run('', limited)));
    expect(ends.map(({ exitCode, reason }) => `${exitCode} ${reason}`)).toEqual(ends.map(() => '137 OOMKilled'));
  });

  test('security: user, group, groups, capabilities, read-only root, no new privileges, sysctls', async () => {
    const end = await run(
      'id -u; id -g; id -G; touch /x 2>/dev/null || echo read-only; grep -E "CapEff|NoNewPrivs" /proc/self/status; cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
      {
        securityContext: {
          runAsUser: 1001,
          runAsGroup: 1002,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
      },
      {
        securityContext: {
          supplementalGroups: [2001],
          fsGroup: 2002,
          sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }],
        },
      },
    );
    expect(end.log).toBe('1001\n1002\n1002 2001 2002\nread-only\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n80\n');
  });

  test('runAsNonRoot refuses an image that runs as root', async () => {
    const it = await pod({ command: ['true'], securityContext: { runAsNonRoot: true } });
    const waiting = () => now(it).status.containerStatuses?.[0]?.state?.waiting;
    await stage.until(it, 'a reason', () => waiting()?.reason === 'CreateContainerConfigError');
    expect(waiting()?.message).toMatch(/runAsNonRoot and image will run as root/);
  });

  test('names: hostname, hostAliases, dnsPolicy None with dnsConfig', async () => {
    const end = await run(
      'hostname; grep pinned /etc/hosts; grep -Ev "^(nameserver|#|$)" /etc/resolv.conf',
      {},
      {
        hostname: 'chosen',
        hostAliases: [{ ip: '10.1.2.3', hostnames: ['pinned'] }],
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['10.9.9.9'], searches: ['a.example', 'b.example'], options: [{ name: 'ndots', value: '3' }] },
      },
    );
    expect(end.log).toMatch(/^chosen\n10\.1\.2\.3\s+pinned\nsearch a\.example b\.example\noptions ndots:3\n/);
  });

  test('containers of a pod share network and memory, and processes if asked; init containers come first', async () => {
    const server = { name: 'server', image: testImages.base, command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'] };
    const scratch = { name: 'scratch', mountPath: '/scratch' };
    const init = { name: 'init', image: testImages.base, command: ['sh', '-c', 'echo prepared >/scratch/x'], volumeMounts: [scratch] };
    const end = await run(
      'cat /scratch/x; ls /proc | grep -c "^[0-9]*$"; ip -o addr show eth0 | grep -c inet',
      { volumeMounts: [scratch] },
      {
        initContainers: [init],
        containers: [
          {
            name: 'main',
            image: testImages.base,
            command: [
              'sh',
              '-c',
              'cat /scratch/x; until [ $(ls /proc 2>/dev/null | grep -c "^[0-9]*$") -gt 4 ]; do sleep 0.1; done; echo shared',
            ],
            volumeMounts: [scratch],
          },
          server,
        ],
        shareProcessNamespace: true,
        volumes: [{ name: 'scratch', emptyDir: { medium: 'Memory' } }],
      },
    );
    expect(end.log).toBe('prepared\nshared\n');
  });

  test('hostPort, hostNetwork and hostPath', async () => {
    const hostPort = await freePort();
    const serving = {
      command: ['sh', '-c', 'echo hello >/host/index.html; httpd -f -p 8080 -h /host'],
      ports: [{ containerPort: 8080, hostPort }],
    };
    const volumes = [{ name: 'host', hostPath: { path: hostFolder, type: 'Directory' } }];
    const it = await pod({ ...serving, volumeMounts: [{ name: 'host', mountPath: '/host' }] }, { volumes });
    // Before, Podman listens at the port itself, and answers nobody.
    await stage.until(it, 'ready', ({ ready }) => ready);
    const answer = async (): Promise<string> =>
      fetch(`http://127.0.0.1:${hostPort}/`)
        .then((got) => got.text())
        .catch(() => '');
    let text = '';
    while (text === '') text = await answer();
    expect(text).toBe('hello\n');
    await now(it).delete();
    expect((await run('ls -l /proc/self/ns/net', {}, { hostNetwork: true })).log).toContain(readlinkSync('/proc/self/ns/net'));
  });

  test.each([
    ['the container of a pod', 1],
    ['the sandbox of a pod', 2],
  ])('a hostPort that another program has: an Event names it (%s), and the pod starts once it is free', async (_of, containers) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '0.0.0.0', resolve));
    const { port: hostPort } = other.address() as AddressInfo;
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
    const more = Array.from({ length: containers }, (_, i) => ({ name: `c${i}`, image: testImages.base, command }));
    const it = await pod(
      {},
      { restartPolicy: 'Always', containers: [{ ...more[0]!, ports: [{ containerPort: 8080, hostPort }] }, ...more.slice(1)] },
    );
    const told = () => cluster.events.list().filter(({ object }) => object.involvedObject.name === it.name && object.type === 'Warning');
    await stage.until(it, 'an Event', () => told().length > 0);
    expect(
      told()
        .map(({ object }) => object.message)
        .join('\n'),
    ).toContain(`${hostPort}`);
    await new Promise((resolve) => other.close(resolve));
    await stage.until(it, 'ready', ({ ready }) => ready);
    await now(it).delete();
  });

  test('stdin and a terminal', async () => {
    const it = await pod({
      command: ['sh', '-c', 'read line; echo "got $line"; trap "exit 0" TERM; while :; do sleep 0.1; done'],
      stdin: true,
      tty: true,
    });
    await stage.until(it, 'ready', ({ ready }) => ready);
    const attached = await cluster.client.streams.attach({ namespace: 'default', name: it.name }, { stdin: true, tty: true });
    attached.stdin!.write('words\n');
    let seen = '';
    for await (const chunk of attached.stdout) if ((seen += String(chunk)).includes('got words')) break;
    expect(seen).toMatch(/got words/);
    await attached.close();
    const session = await now(it).execSession({
      command: ['sh', '-c', 'until [ "$(stty size 2>/dev/null)" = "43 132" ]; do sleep 0.05; done; stty size'],
      tty: true,
    });
    session.resize(132, 43);
    let size = '';
    for await (const chunk of session.stdout) size += String(chunk);
    expect([size.trim(), await session.exitCode]).toEqual(['43 132', 0]);
    await session.close();
  });

  test('files in and out, from an image without tar, also into a volume', async () => {
    const scratch = { name: 'scratch', mountPath: '/scratch' };
    const volumes = [{ name: 'scratch', emptyDir: {} }];
    const made = await pod({ command: ['sleep', '1000'], volumeMounts: [scratch] }, { volumes });
    const it = await now(made).waitFor('Ready');
    const body = Buffer.alloc(300_000, 'y');
    async function* inPieces(): AsyncGenerator<Uint8Array> {
      const archive = await packTar([{ header: { name: 'deep/file', size: body.length, mode: 0o640 }, body }]);
      for (let at = 0; at < archive.length; at += 10_000) yield archive.subarray(at, at + 10_000);
    }
    await it.copyTo('/scratch', inPieces());
    expect((await it.exec(['stat', '-c', '%a %s', '/scratch/deep/file'])).stdout).toBe('640 300000\n');
    const pieces: Uint8Array[] = [];
    for await (const piece of await it.copyFrom('/scratch/deep')) pieces.push(piece);
    const found = await unpackTar(Buffer.concat(pieces));
    expect(found.map(({ header, data }) => [header.name, data?.length ?? 0])).toEqual([
      ['deep/', 0],
      ['deep/file', body.length],
    ]);
    await expect(it.copyFrom('/nobody')).rejects.toMatchObject({ code: 'RUNTIME_COPY_FAILED' });
    await expect(it.copyTo('/nobody', await packTar([]))).rejects.toMatchObject({ code: 'RUNTIME_COPY_FAILED' });
  });

  test('resources are what the engine holds it to', async () => {
    const it = await pod({ command: ['sleep', '1000'], resources: { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '64Mi' } } });
    await stage.until(it, 'ready', ({ ready }) => ready);
    const filters = JSON.stringify({ label: [`coxswain.pod.uid=${it.metadata.uid}`] });
    const [found] = await engine.json<readonly { readonly Id: string }[]>('list', {
      method: 'GET',
      path: '/containers/json',
      query: { filters },
    });
    const { HostConfig } = await engine.json<{ readonly HostConfig: object }>('inspect', {
      method: 'GET',
      path: `/containers/${found!.Id}/json`,
    });
    expect(HostConfig).toMatchObject({
      CpuShares: 256,
      CpuQuota: 50_000,
      CpuPeriod: 100_000,
      Memory: 64 * 2 ** 20,
      PidsLimit: 64,
      OomScoreAdj: 0,
    });
  });

  /** What `kubectl debug` does. */
  async function debug(it: Pod, command: readonly string[]): Promise<void> {
    await using api = await cluster.serve({ tls: false });
    const answer = await fetch(`${api.url}/api/v1/namespaces/default/pods/${it.name}/ephemeralcontainers`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/strategic-merge-patch+json' },
      body: JSON.stringify({ spec: { ephemeralContainers: [{ name: 'look', image: testImages.base, command }] } }),
    });
    expect(answer.status, await answer.text()).toBe(200);
  }

  test('a container for debugging joins the only container of a pod, which starts again with its address', async () => {
    const script = 'trap "exit 3" TERM; while :; do sleep 0.1; done';
    const it = await pod({ command: ['sh', '-c', script] }, { restartPolicy: 'Always' });
    const until = (what: string, check: () => boolean): Promise<true> => stage.until(it, what, check);
    await until('ready', () => now(it).ready);
    const ip = now(it).ip!;
    await debug(it, ['sleep', '1000']);
    await until('the container for debugging', () => now(it).status.ephemeralContainerStatuses?.[0]?.state?.running !== undefined);
    const interfaceIn = async (container: string): Promise<string> =>
      (await now(it).exec(['ip', '-4', 'address', 'show', 'eth0'], { container })).stdout;
    expect(await interfaceIn('look')).toContain(`inet ${ip}/`);
    await now(it).exec(['kill', '1'], { container: 'main' });
    await until('the restart', () => now(it).ready && now(it).status.containerStatuses?.[0]?.restartCount === 1);
    expect(now(it).ip).toBe(ip);
    expect(await interfaceIn('main')).toContain(`inet ${ip}/`);
  });

  test('a container for debugging is refused, in words, while the only container of a pod does not run', async () => {
    const it = await pod({ image: 'nowhere.invalid/none:1', command: ['true'] });
    // What comes before the pod is begun has it made with a sandbox.
    await stage.until(it, 'the image to be missed', ({ status }) =>
      /ImagePull/.test(status.containerStatuses?.[0]?.state?.waiting?.reason ?? ''),
    );
    await debug(it, ['sleep', '1000']);
    const waiting = () => now(it).status.ephemeralContainerStatuses?.[0]?.state?.waiting;
    await stage.until(it, 'a reason', () => waiting()?.reason === 'CreateContainerError');
    expect(waiting()?.message).toMatch(/container "look" of pod "f\d+": the pod has no sandbox, and the container that has its network/);
  });
});
