// stores
export type { StoreFactory, StoreFixture } from './store-probe.ts';
export { historyChecks, storeSuite, tryHistory } from './store-suite.ts';
export type { StoreCase } from './store-probe.ts';
