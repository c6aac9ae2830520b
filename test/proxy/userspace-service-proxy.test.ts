import { describe, expect, it } from 'vitest';
import { UserspaceServiceProxy } from '../../src/proxy/userspace-service-proxy.ts';
import { proxySuite } from '../../src/testing/proxy-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

describe.each(['direct', 'http-proxy'] as const)('the proxy suite with the engine %s', (engine) => {
  it.each(proxySuite)('$name', async ({ run }) => {
    const make = run(() => ({
      make: (host) => new UserspaceServiceProxy({ ...host, engine, webSocketDrainMs: 300 }),
      patienceMs,
      dispose: async () => undefined,
    }));
    await expect(make).resolves.toBeUndefined();
  });
});
