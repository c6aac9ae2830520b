/**
 * An empty cluster with the Kubernetes API.
 *
 *     npm run serve -- --port 8001 --token SECRET --nodes 0
 */
import { parseArgs } from 'node:util';
import { Cluster } from '../src/index.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8001' },
    token: { type: 'string' },
    nodes: { type: 'string', default: '0' },
    controllers: { type: 'string', default: 'all' },
  },
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

const cluster = await Cluster.create({
  controllers: values.controllers,
  ...(values.controllers === 'none' ? { scheduler: 'none' as const } : {}),
});
const token = values.token ?? process.env['COXSWAIN_TOKEN'];
const server = await cluster.serve({ port: Number(values.port), ...(token === undefined ? {} : { token }) });
console.log(`serving the Kubernetes API at ${server.url}`);
await cluster.run({ signal: stop.signal });
await cluster.close();
