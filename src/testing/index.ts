// stores
export type { StoreFactory, StoreFixture } from './store-probe.ts';
export { historyChecks, storeSuite, tryHistory } from './store-suite.ts';
export type { StoreCase } from './store-probe.ts';

// runtimes
export type { RuntimeCase, RuntimeFactory, RuntimeFixture, RuntimeSuiteCommands, RuntimeSuiteImages } from './runtime-probe.ts';
export { runtimeSuite, runtimeSuiteFor } from './runtime-suite.ts';
export type { RuntimeDeviation } from './runtime-suite.ts';

// service proxies
export { proxySuite } from './proxy-suite.ts';
export type { ProxyCase, ProxyFactory, ProxyFixture, ProxyHost } from './proxy-probe.ts';

// builders
export { aPod, PodBuilder } from './pod-builder.ts';

// scheduler plugins
export { schedulerPluginSuite } from './scheduler-plugin-suite.ts';
export type { SchedulerPluginCase } from './scheduler-plugin-suite.ts';
export type { PluginFixture } from './scheduler-plugin-world.ts';
