export { ProcessRuntime } from '../process-runtime.ts';
export type { ProcessRuntimeOptions } from '../process-runtime.ts';
export type { ProcessImage } from './process-image.ts';
