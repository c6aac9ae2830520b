/**
 * Ten lines: three replicas of a function on one node, one address for them.
 *
 *     npx tsx examples/hello.ts
 */
import { createServer } from 'node:http';
import { Cluster } from 'coxswain';
import { InProcessRuntime, type InProcessContext } from 'coxswain/runtimes/in-process';

async function hello(ctx: InProcessContext): Promise<void> {
  await ctx.listen(
    createServer((_request, response) => response.end(`hello from ${ctx.podName}\n`)),
    8080,
  );
  await ctx.stopped;
}

await using cluster = await Cluster.create({
  nodes: [{ name: 'node-1', runtime: new InProcessRuntime({ images: { 'hello:1': hello } }) }],
});
const rc = await cluster.run('hello', 'hello:1', { replicas: 3, port: 8080 });
const service = await cluster.expose(rc, { port: 80, targetPort: 8080, protocol: 'http' });
await rc.ready();
await cluster.settle();
for (let i = 0; i < 6; i++) process.stdout.write(await (await fetch(service.url() ?? '')).text());
