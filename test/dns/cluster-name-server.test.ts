import { describe, expect, it } from 'vitest';
import { ClusterNameServer } from '../../src/dns/cluster-name-server.ts';
import { nameServerSuite } from '../../src/testing/name-server-suite.ts';

describe('the name server suite', () => {
  it.each(nameServerSuite)('$name', async ({ run }) => {
    await expect(run(() => ({ make: (host) => new ClusterNameServer(host), dispose: async () => undefined }))).resolves.toBeUndefined();
  });
});
