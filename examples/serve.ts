/**
 * An empty cluster with the Kubernetes API, on plain HTTP on the loopback, or with `--tls`.
 *
 *     npm run serve -- --port 8001 --token SECRET --nodes 0
 *     npm run serve -- --tls --nodes 3 --kubeconfig ./kubeconfig --data ./state
 *
 * Also `--host`, `--rbac`, `--controllers none` (the API alone) or `all,-node-lifecycle`; the token may be in COXSWAIN_TOKEN. SIGTERM ends it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cluster, ConfigurationError, CoxswainError } from '../src/index.ts';
import { SimulatedRuntime } from '../src/runtimes/simulated/index.ts';

const options = {
  port: { type: 'string', default: '8001' },
  host: { type: 'string', default: '127.0.0.1' },
  token: { type: 'string' },
  nodes: { type: 'string', default: '0' },
  controllers: { type: 'string', default: 'all' },
  tls: { type: 'boolean', default: false },
  rbac: { type: 'boolean', default: false },
  kubeconfig: { type: 'string' },
  data: { type: 'string' },
} as const;

/** The whole number of an option. */
function whole(option: string, text: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max)
    throw new ConfigurationError(`--${option}: expected a whole number from 0 to ${max}, got ${JSON.stringify(text)}`);
  return value;
}

async function serve(stop: AbortSignal): Promise<void> {
  const { values } = parseArgs({ options });
  const port = whole('port', values.port, 65_535);
  const nodes = whole('nodes', values.nodes, 100_000);
  // With a `--data` folder the store is LMDB's, and what was there is there again.
  const store = values.data === undefined ? undefined : new (await import('../src/stores/lmdb-store.ts')).LmdbStore({ path: values.data });
  const token = values.token ?? process.env['COXSWAIN_TOKEN'];
  const cluster = await Cluster.create({
    controllers: values.controllers,
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `node-${i + 1}`, runtime: new SimulatedRuntime() })),
    ...(values.controllers === 'none' ? { scheduler: 'none' as const } : {}),
    ...(store === undefined ? {} : { store }),
  });
  let scratch: string | undefined;
  try {
    const server = await cluster.serve({
      host: values.host,
      port,
      tls: values.tls,
      auth: { ...(token === undefined ? {} : { token }), authorization: values.rbac ? 'rbac' : 'always-allow' },
      // Simulated Pods touch nothing of this machine.
      allow: ['host-path', 'privileged', 'host-processes'],
    });
    let line = `serving the Kubernetes API at ${server.url}`;
    if (values.tls || token === undefined || values.kubeconfig !== undefined) {
      if (values.kubeconfig === undefined && values.data === undefined) scratch = await mkdtemp(join(tmpdir(), 'coxswain-serve-'));
      const file = values.kubeconfig ?? join(values.data ?? scratch!, 'kubeconfig');
      await server.writeKubeconfig(file);
      line += ` (kubeconfig: ${file})`;
    }
    console.log(line);
    await cluster.run({ signal: stop });
  } finally {
    await cluster.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  }
}

/** What whoever started this can mend: an option, a port that is taken, a folder that cannot be used. */
function isTheirs(error: unknown): error is Error {
  return error instanceof CoxswainError || (error instanceof Error && 'code' in error);
}

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
try {
  await serve(stop.signal);
} catch (error) {
  if (!isTheirs(error)) throw error;
  console.error(`serve: ${error.message}`);
  process.exitCode = 1;
}
