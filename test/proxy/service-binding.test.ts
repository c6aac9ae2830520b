import { createServer, type AddressInfo, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ServiceManifest } from '../../src/api/generated/models.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { withBed } from './proxy-bed.ts';

const linux = process.platform === 'linux';
/** Of this process: another run on this machine binds its own. */
const ownAddress = `127.96.${(process.pid >> 8) & 255}.${process.pid & 255}`;

async function occupied(host: string): Promise<{ server: Server; port: number; free: () => Promise<unknown> }> {
  const server = createServer().listen(0, host);
  await new Promise((resolve) => server.once('listening', resolve));
  const free = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  return { server, port: (server.address() as AddressInfo).port, free };
}

describe('addresses of Services', () => {
  it.runIf(linux)('a ClusterIP inside 127.0.0.0/8 is bound itself, at the Service port', () =>
    withBed({}, async (bed) => {
      const pod = await bed.http('a');
      bed.service({ clusterIP: ownAddress, clusterIPs: [ownAddress] }, [{ port: 18_080, appProtocol: 'http' }]);
      bed.endpoints([pod]);
      await bed.until(() => bed.proxy.listeners().length === 1, 'a listener');
      expect(bed.proxy.listeners()).toEqual([
        {
          service: { namespace: 'default', name: 'web' },
          portName: '',
          protocol: 'TCP',
          mode: 'http',
          role: 'cluster-ip',
          port: 18_080,
          address: ownAddress,
          localPort: 18_080,
        },
      ]);
      expect(await (await fetch(`http://${ownAddress}:18080/name`)).text()).toBe('a');
      expect(bed.proxy.problems()).toEqual([]);
    }),
  );

  it('a ClusterIP of no interface of ours is stood in for by a free port, and that is no problem', () =>
    withBed({}, async (bed) => {
      bed.service();
      expect(await bed.port()).toBeGreaterThan(0);
      expect(bed.proxy.listeners()).toMatchObject([{ role: 'host', address: '127.0.0.1', port: 80 }]);
      expect(bed.proxy.problems()).toEqual([]);
    }));

  it('a ClusterIP is left alone if the host says so, and nothing stands in if it says that', () =>
    withBed({ clusterIPs: false, standInAddress: null }, async (bed) => {
      bed.service({ clusterIP: '127.96.13.8' });
      await bed.quiet();
      expect(bed.proxy.listeners()).toEqual([]);
    }));

  it('a NodePort answers where the host wants it', async () => {
    const { port, free } = await occupied('127.0.0.1');
    await free();
    await withBed({}, async (bed) => {
      const pod = await bed.http('a');
      bed.service({ type: 'NodePort' }, [{ port: 80, appProtocol: 'http', nodePort: port }]);
      bed.endpoints([pod]);
      await bed.until(() => bed.proxy.listeners().length === 2, 'two listeners');
      expect(bed.proxy.listeners().find(({ role }) => role === 'node-port')).toMatchObject({ address: '127.0.0.1', localPort: port });
      expect((await bed.ask(port, '/name')).body).toBe('a');
    });
  });

  it('an address that is taken is told of, and tried again until it is free', async () => {
    const { port, free } = await occupied('127.0.0.1');
    await withBed({ clock: new ManualClock(), clusterIPs: false, standInAddress: null }, async (bed) => {
      bed.service({ type: 'NodePort' }, [{ port: 80, nodePort: port }]);
      await bed.until(() => bed.proxy.problems().length === 1, 'a problem');
      expect(bed.proxy.problems()).toEqual([
        {
          service: { namespace: 'default', name: 'web' },
          portName: '',
          role: 'node-port',
          address: '127.0.0.1',
          port,
          code: 'EADDRINUSE',
          message: `127.0.0.1:${port} cannot be bound: another program of this machine (or another Service) listens there`,
        },
      ]);
      bed.pass(1_000);
      await bed.quiet();
      expect(bed.proxy.problems()).toHaveLength(1);
      await free();
      bed.pass(1_999);
      await bed.quiet();
      expect(bed.proxy.listeners()).toEqual([]);
      bed.pass(1);
      await bed.until(() => bed.proxy.listeners().length === 1, 'a listener');
      expect(bed.proxy.problems()).toEqual([]);
    });
  });

  it('LoadBalancers and externalIPs use what the host lends, and nothing else', async () => {
    const { port, free } = await occupied('127.0.0.1');
    await free();
    await withBed({ externalAddresses: ['127.0.0.1'], clusterIPs: false, standInAddress: null }, async (bed) => {
      bed.put<ServiceManifest>('v1', 'Service', 'web', {
        spec: { type: 'LoadBalancer', ports: [{ port }], externalIPs: ['203.0.113.9'] },
        status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } },
      });
      await bed.until(() => bed.proxy.listeners().length === 1, 'a listener');
      expect(bed.proxy.listeners()).toMatchObject([{ role: 'load-balancer', address: '127.0.0.1', localPort: port }]);
      expect(bed.proxy.problems()).toMatchObject([{ role: 'external-ip', address: '203.0.113.9', code: 'NOT_ALLOWED' }]);
    });
  });

  it.each([
    [['127.0.0.0/8'], true],
    [['192.0.2.0/24'], false],
  ])('a LoadBalancer for clients of %j lets us in: %s', async (loadBalancerSourceRanges, letIn) => {
    const { port, free } = await occupied('127.0.0.1');
    await free();
    await withBed({ externalAddresses: ['127.0.0.1'], clusterIPs: false, standInAddress: null }, async (bed) => {
      const pod = await bed.tcp('a');
      bed.put<ServiceManifest>('v1', 'Service', 'web', {
        spec: { type: 'LoadBalancer', ports: [{ port }], loadBalancerSourceRanges },
        status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } },
      });
      bed.endpoints([pod]);
      const connection = bed.connect(await bed.port());
      await bed.until(() => connection.closed || connection.heard !== '', 'a greeting or the end');
      expect(connection.heard).toBe(letIn ? 'a\n' : '');
    });
  });

  it('a headless Service and an ExternalName have addresses only if the host chooses some', async () => {
    const outside = await occupied('127.0.0.1');
    outside.server.on('connection', (socket) => socket.on('error', () => undefined).end('outside'));
    const addressFor = (): { host: string; port: number } => ({ host: '127.0.0.1', port: 0 });
    await withBed({}, async (bed) => {
      bed.service({ clusterIP: 'None' });
      bed.put<ServiceManifest>('v1', 'Service', 'other', {
        spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: outside.port }] },
      });
      await bed.quiet();
      expect(bed.proxy.listeners()).toEqual([]);
    });
    await withBed({ addressFor }, async (bed) => {
      bed.service({ clusterIP: 'None' });
      bed.put<ServiceManifest>('v1', 'Service', 'other', {
        spec: { type: 'ExternalName', externalName: '127.0.0.1', ports: [{ port: outside.port }] },
      });
      await bed.until(() => bed.proxy.listeners().length === 2, 'two listeners');
      const listener = bed.proxy.listeners().find(({ service }) => service.name === 'other');
      const connection = bed.connect(listener?.localPort ?? 0);
      await bed.until(() => connection.ended, 'what is outside');
      expect(connection.heard).toBe('outside');
    });
    await outside.free();
  });

  it('SCTP is told of, and the other ports of the Service work', () =>
    withBed({}, async (bed) => {
      bed.service({}, [
        { name: 'a', port: 80, protocol: 'SCTP' },
        { name: 'b', port: 81 },
      ]);
      await bed.port('b');
      expect(bed.proxy.problems()).toMatchObject([{ portName: 'a', code: 'UNSUPPORTED' }]);
      expect(bed.proxy.listeners()).toHaveLength(1);
    }));

  it('a port that changes its number or its mode goes on with its endpoints', () =>
    withBed({}, async (bed) => {
      const pods = [await bed.http('a'), await bed.http('b')];
      bed.service({}, [{ port: 81 }]);
      bed.endpoints(pods);
      await bed.port();
      bed.service({}, [{ port: 82, appProtocol: 'http' }]);
      await bed.until(() => bed.proxy.listeners().length === 1 && bed.proxy.listeners()[0]?.port === 82, 'the new listener');
      expect(bed.proxy.listeners()[0]?.mode).toBe('http');
      const port = await bed.port();
      expect(new Set([(await bed.ask(port, '/name')).body, (await bed.ask(port, '/name')).body])).toEqual(new Set(['a', 'b']));
    }));

  it('one object that cannot be read does not stop the others', () =>
    withBed(
      {
        addressFor: (service) => {
          if (service.metadata.name === 'bad') throw new Error('the host is confused');
          return undefined;
        },
      },
      async (bed) => {
        bed.put<ServiceManifest>('v1', 'Service', 'bad', { spec: { ports: [{ port: 1 }] } });
        bed.service();
        expect(await bed.port()).toBeGreaterThan(0);
      },
    ));
});
