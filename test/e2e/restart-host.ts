/**
 * A host with a cluster on disk, to be killed and started again: `tsx restart-host.ts FOLDER keep|kill process|docker`. It makes what is missing, says
 * `up` when everything is ready, and answers each line on its standard input with one line of JSON.
 */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { Cluster } from '../../src/index.ts';
import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { testImages } from '../docker/test-images.ts';

const [folder = '', onHostDeath = 'keep', runtime = 'process'] = process.argv.slice(2);
const onDocker = runtime === 'docker';

const web = `
const server = require('node:http').createServer((request, response) => response.end(process.pid === 1 ? require('node:os').hostname() : String(process.pid)));
server.listen(8080, process.env.HOST);
process.on('SIGTERM', () => process.exit(0));
`;
const talker = `let n = 0; setInterval(() => console.log('line ' + ++n), 50); process.on('SIGTERM', () => process.exit(0));`;
/** Ends with 7 when it finds the file, or is asked to. */
const waiter = `
const { existsSync } = require('node:fs');
const end = () => (console.log('last words'), process.exit(7));
process.on('SIGTERM', end);
setInterval(() => existsSync(${JSON.stringify(join(folder, 'end'))}) && end(), 50);
`;
const scripts = { web, talker, waiter };
type Program = keyof typeof scripts | 'sleeper';
const commandOf = (program: Program): readonly [string, ...string[]] =>
  program === 'sleeper' ? ['sleep', '100000'] : [onDocker ? '/bin/node' : process.execPath, '-e', scripts[program]];
const programs = ['web', 'talker', 'waiter', 'sleeper'] as const;
const images = Object.fromEntries(programs.map((program) => [program, { command: commandOf(program) }]));
const containerOf = (program: Program) =>
  onDocker ? { name: 'main', image: testImages.node, command: commandOf(program) } : { name: 'main', image: program };

const cluster = await Cluster.create({
  // Of the test that starts it: another run on this machine has other addresses.
  name: `restart-${process.ppid}`,
  store: new LmdbStore({ path: join(folder, 'store') }),
  stateDir: join(folder, 'state'),
  onHostDeath: onHostDeath === 'kill' ? 'kill' : 'keep',
  nodes: [{ name: 'n1', runtime: onDocker ? new DockerRuntime({ neverPull: true }) : new ProcessRuntime({ images }) }],
});
const running = cluster.run({ signal: new AbortController().signal });

const pod = (program: Program, restartPolicy: 'Always' | 'Never') =>
  cluster.pods.create({ metadata: { name: program }, spec: { restartPolicy, containers: [containerOf(program)] } });

if (cluster.pods.get('talker') === undefined) {
  const rc = await cluster.replicationControllers.create({
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { app: 'web' },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ ...containerOf('web'), ports: [{ containerPort: 8080 }] }] },
      },
    },
  });
  await cluster.services.create({
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await pod('talker', 'Always');
  await pod('waiter', 'Never');
  await pod('sleeper', 'Always');
  await rc.ready();
}
await cluster.client.waitFor(
  'all Pods',
  () => (cluster.pods.list({ namespace: 'default' }).every((each) => each.ready || each.phase === 'Failed') ? true : undefined),
  () => '',
);
await cluster.services.get('web')!.ready();
console.log('up');

/** Empty while there is none. */
async function logOf(name: string): Promise<readonly string[]> {
  let text = '';
  for await (const { data } of cluster.client.streams.logs({ namespace: 'default', name })) text += Buffer.from(data).toString();
  return text.split('\n').filter((line) => line !== '');
}

for await (const order of createInterface({ input: process.stdin })) {
  if (order === 'close') break;
  const pods = Object.fromEntries(
    cluster.pods.list({ namespace: 'default' }).map((each) => {
      const [main] = each.status.containerStatuses ?? [];
      const terminated = main?.state?.terminated ?? main?.lastState?.terminated;
      const { uid } = each.metadata;
      return [
        each.name,
        {
          uid,
          phase: each.phase,
          ready: each.ready,
          ip: each.ip,
          restarts: main?.restartCount,
          id: main?.containerID,
          exit: terminated?.exitCode,
        },
      ];
    }),
  );
  const service = cluster.services.get('web')!;
  const { clusterIP, ports } = service.spec as { readonly clusterIP: string; readonly ports: readonly { readonly nodePort: number }[] };
  const talked = await logOf('talker').catch(() => []);
  const said = await logOf('waiter').catch(() => []);
  console.log(JSON.stringify({ pods, clusterIP, nodePort: ports[0]!.nodePort, url: service.url(), talked, said }));
}
await cluster.close();
await running;
process.stdin.destroy();
