// stores
export { compareAndSwapModel } from './compare-and-swap-model.ts';
export type { KeyInput, KeyOutput, KeyState } from './compare-and-swap-model.ts';
export { isLinearizable } from './linearizability.ts';
export type { Model, Operation } from './linearizability.ts';
export type { HistoryOptions, RecordedCall, RecordedWatch, StoreHistory, WatchReport } from './store-history.ts';
export { StoreProbe } from './store-probe.ts';
export type { ProbeWatch, StoreCase, StoreFactory, StoreFixture } from './store-probe.ts';
export { historyChecks, storeSuite, tryHistory } from './store-suite.ts';

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

// name servers
export { nameServerSuite } from './name-server-suite.ts';
export type { NameServerCase, NameServerFactory, NameServerFixture, NameServerHost } from './name-server-probe.ts';

// controllers
export { controllerSuite } from './controller-suite.ts';
export type { ControllerCase } from './controller-suite.ts';
export type { ControllerScenario, ScenarioHands, ScenarioStep } from './controller-suite/controller-scenario.ts';
export { controllerFaults } from './controller-suite/fault-plan.ts';
export type { ControllerFault, FaultPlan } from './controller-suite/fault-plan.ts';
export type { PodWorld } from './controller-suite/pod-world.ts';

// whole clusters
export { simulate, Simulation } from './simulation/simulation.ts';
export type { SimulationOptions, SimulationResult } from './simulation/simulation.ts';
