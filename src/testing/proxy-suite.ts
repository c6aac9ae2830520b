import { proxyBalanceCases } from './proxy-balance-cases.ts';
import { proxyCarriageCases } from './proxy-carriage-cases.ts';
import { proxyDrainCases } from './proxy-drain-cases.ts';
import type { ProxyCase } from './proxy-probe.ts';

/**
 * What every `ServiceProxy` must do, with real programs and clients over loopback. Bind it to the test runner at hand; each case makes
 * its own fixture and leaves nothing behind.
 *
 * @example
 * test.each(proxySuite)('$name', ({ run }) =>
 *   run(() => ({ make: (host: ProxyHost) => new UserspaceServiceProxy({ ...host, webSocketDrainMs: 300 }), dispose: async () => undefined })),
 * );
 */
export const proxySuite: readonly ProxyCase[] = [...proxyBalanceCases, ...proxyDrainCases, ...proxyCarriageCases];
