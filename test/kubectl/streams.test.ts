import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KubectlCluster, kubectls } from './kubectl.ts';

const program = `
const http = require('node:http');
http.createServer((request, response) => response.end('hello ' + request.url)).listen(8080, process.env.HOST);
process.stdout.write('out one\\nout two\\n');
process.stderr.write('err one\\n');
let n = 0;
setInterval(() => console.log('tick ' + n++), 200);
process.stdin.on('data', (data) => console.log('got ' + data.toString().trim()));
`;

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: node, args: [-e, ${JSON.stringify(program)}], stdin: true}
  - {name: side, image: busybox, command: [sh, -c, 'echo from the side; exec sleep 1000']}
---
apiVersion: v1
kind: Pod
metadata: {name: crashing}
spec:
  containers: [{name: main, image: busybox, command: [sh, -c, 'echo attempt; exit 3']}]
---
apiVersion: v1
kind: Pod
metadata: {name: robot}
spec:
  serviceAccountName: default
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: busybox, command: [sh, -c, 'echo a; echo b; echo c; exec sleep 1000'], volumeMounts: [{name: t, mountPath: /var/run/t}]}
  volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}]
`;

let k: KubectlCluster;
const ok = (...args: Parameters<KubectlCluster['ok']>): Promise<string> => k.ok(...args);
const versions = [...kubectls.keys()];

/** What a local port answers. */
const answer = async (port: string, path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

async function forwarded(target: string, version: string): Promise<readonly string[]> {
  const forward = k.start(['port-forward', target, ':8080'], { version });
  const said = await forward.until(/Forwarding from 127\.0\.0\.1:\d+/);
  const port = /127\.0\.0\.1:(\d+)/.exec(said)![1]!;
  const answers = await Promise.all(['/a', '/b', '/c'].map((path) => answer(port, path)));
  forward.child.kill('SIGINT');
  await forward.ended;
  return answers;
}

describe.skipIf(kubectls.size === 0)('kubectl and streams', () => {
  beforeAll(async () => {
    k = await KubectlCluster.start();
    await ok('apply -f -', { stdin: pods });
    await ok('wait --for=condition=Ready pod/web pod/robot --timeout=180s');
  });
  afterAll(() => k[Symbol.asyncDispose]());

  test('logs', async () => {
    expect(await ok('logs web -c side')).toBe('from the side\n');
    expect(await ok('logs web -c main --limit-bytes=7')).toBe('out one');
    expect(await ok('logs robot --tail=2')).toBe('b\nc\n');
    expect(await ok('logs robot --tail=0')).toBe('');
    expect(await ok('logs web --all-containers --prefix')).toMatch(/^\[pod\/web\/side\] from the side$/m);
    expect(await ok('logs web -c side --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z from the side\n$/);
    expect(await ok('logs web -c side --since-time=2100-01-01T00:00:00Z')).toBe('');
    expect(await ok('logs web -c main --since=1h')).toMatch(/^out one\nout two\n/m);
    const none = await k.run(['logs', 'web', '-c', 'none']);
    expect(none.err).toMatch(/container none is not valid for pod web/);
    const following = k.start(['logs', '-f', 'web', '-c', 'main', '--since=1s']);
    await following.until(/tick (\d+)\n(.*\n)*.*tick/);
    following.child.kill('SIGINT');
    await following.ended;
  });

  test('logs of the attempt before, and what is no log yet', async () => {
    await ok('wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/crashing --timeout=180s');
    expect(await ok('logs -p crashing')).toBe('attempt\n');
    const early = await k.run(['logs', '-p', 'robot']);
    expect(early.err).toMatch(/previous terminated container "main" in pod "robot" not found/);
  });

  test.each(versions)('kubectl %s: exec', async (version) => {
    const run = (args: readonly string[], stdin?: string) =>
      k.run(['exec', ...args], { version, ...(stdin === undefined ? {} : { stdin }) });
    expect(await run(['web', '-c', 'side', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      code: 3,
      out: 'out\n',
      err: 'err\ncommand terminated with exit code 3\n',
    });
    const big = 'x'.repeat(300_000);
    expect((await run(['-i', 'web', '-c', 'side', '--', 'sh', '-c', 'cat; echo end'], big)).out).toBe(`${big}end\n`);
  });

  test('exec of what cannot be run, or where nothing runs', async () => {
    const missing = await k.run(['exec', 'web', '-c', 'side', '--', 'no-such-program']);
    expect(missing.code).not.toBe(0);
    expect(missing.err).toMatch(/no-such-program.*executable file not found in \$PATH/);
    expect((await k.run(['exec', 'nobody', '--', 'true'])).err).toBe('Error from server (NotFound): pods "nobody" not found\n');
  });

  test.each(['1.29', '1.33'].filter((version) => kubectls.has(version)))(
    'kubectl %s: exec with a terminal of its size',
    async (version) => {
      // The size comes after the terminal.
      const sized = 'tty; until [ "$(stty size)" = "33 77" ]; do sleep 0.05; done; stty size';
      const command = [kubectls.get(version)!, 'exec', '-it', 'robot', '--', 'sh', '-c', sized].map((word) => `'${word}'`).join(' ');
      const env = { ...process.env, HOME: k.folder, KUBECONFIG: `${k.folder}/kubeconfig` };
      const child = spawn('script', ['-qec', `stty rows 33 cols 77; ${command}`, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
      expect(out).toMatch(/\/dev\/pts\/\d+\r\n33 77\r\n/);
    },
  );

  test.each(versions)('kubectl %s: port-forward carries several connections', async (version) => {
    expect(await forwarded('pod/web', version)).toEqual(['hello /a', 'hello /b', 'hello /c']);
  });

  test('port-forward says what is wrong with a port nobody listens on', async () => {
    const forward = k.start(['port-forward', 'pod/robot', ':9']);
    const port = /127\.0\.0\.1:(\d+)/.exec(await forward.until(/Forwarding from 127\.0\.0\.1:\d+/))![1]!;
    await expect(answer(port, '/')).rejects.toThrow(/fetch failed/);
    await forward.until(/error forwarding port 9 to pod robot, uid/);
    forward.child.kill('SIGINT');
    await forward.ended;
  });

  test.each(['1.28', '1.32', '1.33'].filter((version) => kubectls.has(version)))('kubectl %s: cp there and back', async (version) => {
    const content = 'content '.repeat(50_000);
    await k.file('sent.txt', content);
    const far = `${k.folder}/far-${version}.txt`;
    await ok(['cp', 'sent.txt', `robot:${far}`], { version });
    expect(await readFile(far, 'utf8')).toBe(content);
    await ok(['cp', `robot:${far}`, `back-${version}.txt`], { version });
    expect(await readFile(`${k.folder}/back-${version}.txt`, 'utf8')).toBe(content);
  });

  test.each(['1.30', '1.33'].filter((version) => kubectls.has(version)))(
    'kubectl %s: attach sees the output and sends input',
    async (version) => {
      const attached = k.start(['attach', '-i', 'web', '-c', 'main'], { version });
      await attached.until(/tick \d+/);
      attached.child.stdin!.write(`hello from ${version}\n`);
      expect(await attached.until(`got hello from ${version}`)).toMatch(/tick/);
      attached.child.kill('SIGINT');
      await attached.ended;
    },
  );

  test.each(['1.27', '1.33'].filter((version) => kubectls.has(version)))(
    'kubectl %s: debug adds a container to a Pod that runs',
    async (version) => {
      const name = `look-${version.replace('.', '-')}`;
      const script = 'read line; echo "$line from inside"; exit 4';
      const said = await k.run(['debug', 'robot', '-i', '-q', '--image=busybox', '-c', name, '--', 'sh', '-c', script], {
        version,
        stdin: 'a look\n',
      });
      expect(said.out).toContain('a look from inside');
      const state = `jsonpath={.status.ephemeralContainerStatuses[?(@.name=="${name}")].state.terminated.exitCode}`;
      await ok(['wait', 'pod/robot', `--for=${state}=4`, '--timeout=180s']);
      expect(await ok(['get', 'pod', 'robot', '-o', 'jsonpath={.status.phase} {.status.containerStatuses[0].restartCount}'])).toBe(
        'Running 0',
      );
    },
  );

  test('run -i --rm takes its input to the end', async () => {
    const said = await k.run(['run', 'filter', '-i', '--rm', '--restart=Never', '--image=busybox', '--command', '--', 'cat'], {
      stdin: 'through\n',
    });
    expect(said.out).toContain('through\n');
    expect(said.out).toContain('pod "filter" deleted');
  });

  test('proxy answers for the API on a port of this machine', async () => {
    const proxy = k.start(['proxy', '--port=0']);
    const port = /127\.0\.0\.1:(\d+)/.exec(await proxy.until(/Starting to serve on 127\.0\.0\.1:\d+/))![1]!;
    expect(await answer(port, '/api/v1/namespaces/default/pods/web')).toContain('"kind":"Pod"');
    proxy.child.kill('SIGINT');
    await proxy.ended;
  });

  test('the token in a projected volume is the account', async () => {
    const token = await ok(['exec', 'robot', '--', 'sh', '-c', 'cat "$COXSWAIN_ROOT/var/run/t/token"']);
    expect(await ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}', '--kubeconfig', await tokenConfig(token)])).toBe(
      'system:serviceaccount:default:default',
    );
  });
});

async function tokenConfig(token: string): Promise<string> {
  const { kubeconfig } = k.server;
  return k.file('robot.json', JSON.stringify({ ...kubeconfig, users: [{ name: kubeconfig.users[0]!.name, user: { token } }] }));
}
