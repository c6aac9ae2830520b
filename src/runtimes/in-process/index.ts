export { InProcessRuntime } from '../in-process-runtime.ts';
export type { InProcessRuntimeOptions } from '../in-process-runtime.ts';
export type { InProcessContext, InProcessExec, InProcessImage, InProcessMain } from './in-process-image.ts';
