import { Resolver } from 'node:dns/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type ReplicationController, type ServiceManifest } from '../../src/index.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { InProcessMain } from '../../src/runtimes/in-process/in-process-image.ts';

const program: InProcessMain = async (ctx) => {
  await ctx.listen(
    createServer((_request, response) => response.end(ctx.podName)),
    8080,
  );
  await ctx.stopped;
};

/** An address of this machine that is not its loopback: those are refused as externalIPs. None on a machine without a network. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((all = []) => all)
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .slice(0, 1)
  .map(({ address }) => address);

/** Of this process: another run on this machine has its own. */
const balanced = `127.201.${(process.pid >> 6) & 255}.${(process.pid & 63) * 4}`;

// Addresses that only Linux has without being told: all of 127.0.0.0/8 answers there.
describe.runIf(process.platform === 'linux')('every type of Service on real sockets', () => {
  let cluster: Cluster;
  let web: ReplicationController;
  const stop = new AbortController();
  let running: Promise<void>;
  /** One that nobody has now, on any address. */
  let servicePort: number;

  beforeAll(async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '0.0.0.0', resolve));
    servicePort = (free.address() as AddressInfo).port;
    await new Promise((resolve) => free.close(resolve));
    cluster = await Cluster.create({
      dns: { upstream: [] },
      loadBalancerAddresses: [`${balanced}/30`, '127.0.0.1'],
      proxy: { externalAddresses: ownAddresses },
      nodes: [{ name: 'n1', runtime: new InProcessRuntime({ images: { 'web:1': program } }) }],
    });
    running = cluster.run({ signal: stop.signal });
    web = await cluster.run('web', 'web:1', { replicas: 2, port: 8080 });
    await web.ready();
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster.close();
  });

  const service = async (name: string, spec: Partial<NonNullable<ServiceManifest['spec']>>) => {
    const made = await cluster.services.create({
      metadata: { name },
      spec: { selector: web.spec.selector!, ports: [{ port: servicePort, targetPort: 8080 }], ...spec },
    });
    return made;
  };
  const ask = async (address: string, port = servicePort): Promise<string> => (await fetch(`http://${address}:${port}/`)).text();
  const isOurs = (answer: string): boolean => web.pods().some(({ name }) => name === answer);
  const resolver = (): Resolver => {
    const asked = new Resolver({ timeout: 60_000 });
    const { address, port } = cluster.nameServer!.address()!;
    asked.setServers([`${address}:${port}`]);
    return asked;
  };
  const heard = (what: string, check: () => boolean) =>
    cluster.client.waitFor(
      what,
      () => check() || undefined,
      () => JSON.stringify([cluster.proxy?.listeners(), cluster.proxy?.problems()]),
    );
  const listens = (name: string, role: string) =>
    heard(`${name} as ${role}`, () => cluster.proxy!.listeners().some((each) => each.service.name === name && each.role === role));

  test('a URL says what the port carries', async () => {
    const ports = [
      { name: 'web', port: 8086, targetPort: 8080 },
      { name: 'tls', port: 8087, targetPort: 8080, appProtocol: 'https' },
      { name: 'dns', port: 8086, targetPort: 8080, protocol: 'UDP' as const },
    ];
    const made = await service('ports', { ports });
    await made.ready();
    expect(made.url()).toBe(`http://${made.clusterIP}:8086`);
    expect(made.url('tls')).toBe(`https://${made.clusterIP}:8087`);
    expect(made.url('dns')).toBe(`udp://${made.clusterIP}:8086`);
    expect(made.url('none')).toBeUndefined();
  });

  test('ClusterIP and NodePort', async () => {
    const made = await service('node-port', { type: 'NodePort' });
    await made.ready();
    expect(isOurs(await ask(made.clusterIP!))).toBe(true);
    expect(isOurs(await ask('127.0.0.1', made.spec.ports![0]!.nodePort))).toBe(true);
  });

  test("LoadBalancer: an address of the host's answers, and is in the status", async () => {
    const made = await service('balanced', { type: 'LoadBalancer' });
    await made.ready();
    await listens('balanced', 'load-balancer');
    expect(made.status.loadBalancer?.ingress).toEqual([{ ip: balanced, ipMode: 'VIP' }]);
    expect(isOurs(await ask(balanced))).toBe(true);
  });

  test('externalIPs answer if the host lent them; others are told of', async () => {
    const made = await service('external', { externalIPs: [...ownAddresses, '192.0.2.7'] });
    await made.ready();
    for (const address of ownAddresses) {
      await listens('external', 'external-ip');
      expect(isOurs(await ask(address))).toBe(true);
    }
    await heard('a problem', () => cluster.proxy!.problems().some(({ address }) => address === '192.0.2.7'));
    expect(cluster.proxy!.problems().find(({ address }) => address === '192.0.2.7')).toMatchObject({
      code: 'NOT_ALLOWED',
      service: { namespace: 'default', name: 'external' },
    });
  });

  test('a port that another program has: an Event of the Service says so, and it answers once it is free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const made = await service('in-use', { type: 'LoadBalancer', loadBalancerIP: '127.0.0.1', ports: [{ port, targetPort: 8080 }] });
    const events = () =>
      cluster.events.list().filter(({ object }) => object.involvedObject.name === 'in-use' && object.reason === 'FailedToListen');
    await heard('an Event', () => events().length > 0);
    expect(events()[0]!.object.message).toBe(
      `load-balancer: 127.0.0.1:${port} cannot be bound: another program of this machine (or another Service) listens there`,
    );
    expect(isOurs(await ask(made.clusterIP!, port))).toBe(true);
    await new Promise((resolve) => other.close(resolve));
    await listens('in-use', 'load-balancer');
    expect(isOurs(await ask('127.0.0.1', port))).toBe(true);
  });

  test('headless: no address of its own, the name leads to every ready Pod', async () => {
    const made = await service('headless', { clusterIP: 'None' });
    expect(made.clusterIP).toBe('None');
    await made.ready();
    expect(made.endpoints().filter(({ ready }) => ready)).toHaveLength(2);
    const ips = (await resolver().resolve4('headless.default.svc.cluster.local')).sort();
    expect(ips).toEqual(
      web
        .pods()
        .map(({ ip }) => ip!)
        .sort(),
    );
    expect(cluster.proxy!.listeners().filter(({ service: { name } }) => name === 'headless')).toEqual([]);
    expect(made.url()).toBeUndefined();
  });

  test('ExternalName: an alias in DNS, and neither address nor endpoints', async () => {
    const made = await cluster.services.create({
      metadata: { name: 'alias' },
      spec: { type: 'ExternalName', externalName: 'db.example.com' },
    });
    await made.ready();
    await cluster.reconcile();
    expect(await resolver().resolveCname('alias.default.svc.cluster.local')).toEqual(['db.example.com']);
    expect(made.clusterIP ?? '').toBe('');
    expect(made.endpoints()).toEqual([]);
  });

  test('without a selector: the endpoints somebody writes', async () => {
    const made = await cluster.services.create({
      metadata: { name: 'manual' },
      spec: { ports: [{ port: servicePort, targetPort: 8080 }] },
    });
    const loopback = { metadata: { name: 'manual' }, subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 8080 }] }] };
    // Loopback addresses are for the built-in controllers alone.
    await expect(cluster.endpoints.create(loopback)).rejects.toMatchObject({
      status: 422,
      details: { causes: [{ field: 'subsets[0].addresses[0].ip' }] },
    });
    expect(made.endpoints()).toEqual([]);
  });
});
