import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import { KubectlCluster, kubectls } from '../kubectl/kubectl.ts';
import { leftBehind } from './docker-fixture.ts';
import { engineHere } from './engine-here.ts';
import { ownSubnet } from './own-dockerd.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const program = `
const http = require('node:http');
http.createServer((request, response) => response.end('hello ' + request.url)).listen(8080);
console.log('out one');
let n = 0;
setInterval(() => console.log('tick ' + n++), 200);
process.stdin.on('data', (data) => console.log('got ' + data.toString().trim()));
`;

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: '${testImages.node}', command: [node, -e, ${JSON.stringify(program)}], stdin: true}
  - {name: side, image: '${testImages.base}', command: [sh, -c, 'echo from the side; exec sleep 1000']}
---
apiVersion: v1
kind: Pod
metadata: {name: crashing}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: '${testImages.base}', command: [sh, -c, 'echo attempt; exit 3']}]
`;

const name = `docker-kubectl-${process.pid}`;
const here = (await engineHere('kubectl on Docker')) && kubectls.size > 0;
const versions = [...kubectls.keys()];
const some = (...wanted: readonly string[]): readonly string[] => wanted.filter((version) => kubectls.has(version));

let k: KubectlCluster;
const ok = (...args: Parameters<KubectlCluster['ok']>): Promise<string> => k.ok(...args);

describe.runIf(here)('kubectl and containers', () => {
  beforeAll(async () => {
    await ensureTestImages(await testEngine());
    const runtime = new DockerRuntime({ neverPull: true });
    k = await KubectlCluster.start({}, { name, nodes: [{ name: 'n1', podCidr: `${ownSubnet(226)}.0/24`, runtime }] });
    await ok('apply -f -', { stdin: pods });
    await ok('wait --for=condition=Ready pod/web --timeout=180s');
  });
  afterAll(async () => {
    await ok('delete pods --all --now');
    await k[Symbol.asyncDispose]();
    const left = await leftBehind(await testEngine(), name);
    if (left.length > 0) throw new Error(`left on the engine: ${left.join(', ')}`);
  });

  test('get and describe show addresses, images and states', async () => {
    expect(await ok('get pod web -o wide --no-headers')).toMatch(new RegExp(`^web +2/2 +Running +0 +\\w+ +${ownSubnet(226)}.\\d+ +n1 `));
    expect(await ok('describe pod web')).toMatch(/Container ID: +docker:\/\/\S+\n +Image: +coxswain-test\/node:1/);
  });

  test('logs, of all containers, followed, and of the attempt before', async () => {
    expect(await ok('logs web -c side')).toBe('from the side\n');
    expect(await ok('logs web --all-containers --prefix')).toMatch(/^\[pod\/web\/side\] from the side$/m);
    const following = k.start(['logs', '-f', 'web', '-c', 'main', '--since=1s']);
    await following.until(/tick (\d+)\n(.*\n)*.*tick/);
    following.child.kill('SIGINT');
    await following.ended;
    await ok('wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/crashing --timeout=180s');
    expect(await ok('logs -p crashing')).toBe('attempt\n');
  });

  test.each(versions)('kubectl %s: exec', async (version) => {
    expect(await k.run(['exec', 'web', '-c', 'side', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'], { version })).toEqual({
      code: 3,
      out: 'out\n',
      err: 'err\ncommand terminated with exit code 3\n',
    });
    const big = 'x'.repeat(300_000);
    const piped = await k.run(['exec', '-i', 'web', '-c', 'side', '--', 'sh', '-c', 'cat; echo end'], { version, stdin: big });
    expect(piped.out).toBe(`${big}end\n`);
  });

  test.each(versions)('kubectl %s: port-forward', async (version) => {
    const forward = k.start(['port-forward', 'pod/web', ':8080'], { version });
    const port = /127\.0\.0\.1:(\d+)/.exec(await forward.until(/Forwarding from 127\.0\.0\.1:\d+/))![1]!;
    const answers = ['/a', '/b'].map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).text());
    expect(await Promise.all(answers)).toEqual(['hello /a', 'hello /b']);
    forward.child.kill('SIGINT');
    await forward.ended;
  });

  test.each(some('1.27', '1.30', '1.33'))('kubectl %s: cp there and back', async (version) => {
    await ok(['exec', 'web', '-c', 'side', '--', 'sh', '-c', 'ln -sf /bin/busybox /bin/tar']);
    const content = 'content '.repeat(50_000);
    await k.file('sent.txt', content);
    await ok(['cp', 'sent.txt', `web:/far-${version}.txt`, '-c', 'side'], { version });
    await ok(['cp', `web:/far-${version}.txt`, `back-${version}.txt`, '-c', 'side'], { version });
    expect(await readFile(`${k.folder}/back-${version}.txt`, 'utf8')).toBe(content);
  });

  test.each(some('1.30', '1.33'))('kubectl %s: attach sees the output and sends input', async (version) => {
    const attached = k.start(['attach', '-i', 'web', '-c', 'main'], { version });
    await attached.until(/tick \d+/);
    attached.child.stdin!.write(`hello from ${version}\n`);
    expect(await attached.until(`got hello from ${version}`)).toMatch(/tick/);
    attached.child.kill('SIGINT');
    await attached.ended;
  });

  test('run -i --rm takes its input to the end', async () => {
    const args = ['run', 'filter', '-i', '--rm', '--restart=Never', `--image=${testImages.base}`, '--command', '--', 'cat'];
    const said = await k.run(args, { stdin: 'through\n' });
    expect(said.out).toContain('through\n');
    expect(said.out).toContain('pod "filter" deleted');
  });

  test('debug adds a container with the network of the Pod', async () => {
    const command = ['sh', '-c', 'read line; echo "$line: $(wget -qO- http://127.0.0.1:8080/near)"'];
    const image = [`--image=${testImages.base}`, '--image-pull-policy=Never'];
    const said = await k.run(['debug', 'web', '-i', '-q', ...image, '-c', 'look', '--', ...command], { stdin: 'a look\n' });
    expect(said.out).toContain('a look: hello /near');
  });

  test('top', async () => {
    const top = async (): Promise<string> => (await k.run(['top', 'pods', '--no-headers'])).out;
    await expect.poll(top, { timeout: 120_000 }).toMatch(/^web +\d+m +\d+Mi/m);
  });

  test('delete lets it end', async () => {
    await ok('delete pod crashing --now');
    expect(await ok('get pods -o name')).toBe('pod/web\n');
  });
});
