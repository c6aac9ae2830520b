export { SimulatedRuntime } from '../simulated-runtime.ts';
export type { SimulatedDurations, SimulatedRuntimeOptions } from './simulated-runtime-options.ts';
export { SimulatedFaults } from './simulated-faults.ts';
export type { FaultEffect, FaultPoint, FaultTarget, SimulatedFault } from './simulated-faults.ts';
export type { SimulatedContext, SimulatedDuration, SimulatedExecResult, SimulatedImage, SimulatedLogLine } from './simulated-image.ts';
