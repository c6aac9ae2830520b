import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SystemSecureRandom } from '../../src/env/system-secure-random.ts';
import { ClusterNameServer } from '../../src/dns/cluster-name-server.ts';
import { nameServerSuite } from '../../src/testing/name-server-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

describe('the name server suite', () => {
  it.each(nameServerSuite)('$name', async ({ run }) => {
    const make = (host: ConstructorParameters<typeof ClusterNameServer>[0]): ClusterNameServer => new ClusterNameServer(host);
    await expect(run(() => ({ make, patienceMs, dispose: async () => undefined }))).resolves.toBeUndefined();
  });
});

describe('an address that is not there yet', () => {
  it('is tried again less and less often, and at once when a node comes', async () => {
    // Of a range that is for documents, and nobody's.
    const server = new ClusterNameServer({
      clock: new ManualClock(),
      secureRandom: new SystemSecureRandom(),
      address: '203.0.113.7',
      port: 53,
    });
    let woken = (): void => undefined;
    server.start(() => woken());
    const tried = async (now: number) => {
      const ended = new Promise<void>((resolve) => (woken = resolve));
      expect(server.step(now).progressed).toBe(true);
      await ended;
      return server.step(now);
    };
    expect(await tried(0)).toMatchObject({ progressed: false, wakeAt: 1_000 });
    expect(server.problem()).toMatch(/^203\.0\.113\.7:53 cannot be bound: .*EADDRNOTAVAIL/);
    expect(await tried(1_000)).toMatchObject({ progressed: false, wakeAt: 3_000 });
    const metadata = { name: 'n1', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
    server.onChanges([{ type: 'added', object: { apiVersion: 'v1', kind: 'Node', metadata }, previous: undefined }]);
    expect(await tried(1_001)).toMatchObject({ progressed: false, wakeAt: 2_001 });
    await server.close();
  });
});
