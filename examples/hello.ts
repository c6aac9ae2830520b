/**
 * Ten lines: three replicas of a function on one node, one address for them.
 *
 *     npx tsx examples/hello.ts
 */
import { createServer } from 'node:http';
import { Cluster } from 'coxswain';
import { InProcessRuntime, type InProcessContext } from 'coxswain/runtimes/in-process';

const answering = (name: string) => createServer((_request, response) => response.end(`hello from ${name}\n`));
const images = { 'hello:1': (ctx: InProcessContext) => ctx.listen(answering(ctx.podName), 8080).then(() => ctx.stopped) };
await using cluster = await Cluster.create({ nodes: [{ name: 'node-1', runtime: new InProcessRuntime({ images }) }] });
const rc = await cluster.run('hello', 'hello:1', { replicas: 3, port: 8080 });
const service = await cluster.expose(await rc.ready(), { port: 80, targetPort: 8080, protocol: 'http' });
await service.ready();
for (let i = 0; i < 6; i++) process.stdout.write(await (await fetch(service.url() ?? '')).text());
