import { describe, expect, it } from 'vitest';
import { ClusterNameServer } from '../../src/dns/cluster-name-server.ts';
import { nameServerSuite } from '../../src/testing/name-server-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

describe('the name server suite', () => {
  it.each(nameServerSuite)('$name', async ({ run }) => {
    const make = (host: ConstructorParameters<typeof ClusterNameServer>[0]): ClusterNameServer => new ClusterNameServer(host);
    await expect(run(() => ({ make, patienceMs, dispose: async () => undefined }))).resolves.toBeUndefined();
  });
});
