export { serve } from './serve.ts';
export type { ServedCluster, ServeOptions, ServerHandle } from './serve.ts';
