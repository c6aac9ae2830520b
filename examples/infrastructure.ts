/**
 * An infrastructure script: what should exist stands in YAML, the script applies it, waits, reports, and applies it again to show that
 * nothing is left to do.
 *
 *     npx tsx examples/infrastructure.ts
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Cluster } from 'coxswain';
import { InProcessRuntime, type InProcessContext } from 'coxswain/runtimes/in-process';

async function front(ctx: InProcessContext): Promise<void> {
  await ctx.listen(
    createServer((_request, response) => response.end(ctx.env['GREETING'])),
    8080,
  );
  await ctx.stopped;
}

const yaml = readFileSync(new URL('infrastructure.yaml', import.meta.url), 'utf8');
await using cluster = await Cluster.create({
  nodes: [{ name: 'node-1', runtime: new InProcessRuntime({ images: { 'front:1': front } }) }],
});

for (const { outcome, object } of await cluster.apply(yaml)) console.log(`${object.kind}/${object.metadata.name} ${outcome}`);
const rc = cluster.replicationControllers.get('front', { namespace: 'shop' });
await rc?.ready();
const service = await cluster.services.get('front', { namespace: 'shop' })?.ready();
console.log(`${rc?.status.readyReplicas} replicas ready; the service says "${await (await fetch(service?.url() ?? '')).text()}"`);

for (const { outcome, object } of await cluster.apply(yaml)) console.log(`${object.kind}/${object.metadata.name} ${outcome}`);
