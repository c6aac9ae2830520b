export { buildImage } from './build-image.ts';
export type { ImageBuild } from './build-image.ts';
export { DockerRuntime } from '../docker-runtime.ts';
export type { DockerRuntimeOptions } from './docker-runtime-options.ts';
export type { ImageGarbageOptions } from './image-garbage.ts';
export type { EngineCandidate, EngineSearch } from './engine-discovery.ts';
