import type { Measure } from './measure.ts';

/** Suite -> its figures, loaded when asked for: `npm run bench` is `core`, `npm run bench:<name>` the others. */
export const suites: Readonly<Record<string, () => Promise<readonly Measure[]>>> = {
  api: async () => (await import('./api/api.ts')).api,
  core: async () => (await import('./core/core.ts')).core,
  docker: async () => (await import('./docker/docker.ts')).docker,
  store: async () => (await import('./store/store.ts')).store,
};
