import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * The folder of recorded Kubernetes data (`kubernetes/`, `conformance/`), which is not part of the repository; undefined where
 * it was not given, and then the tests that need it are skipped and the run says so. CI gives it, or fails.
 *
 *     describe.skipIf(sharedData === undefined)('...', () => { ... });
 */
export const sharedData: string | undefined = find(process.env.COXSWAIN_SHARED);

function find(folder: string | undefined): string | undefined {
  if (folder === undefined || folder === '') return undefined;
  const path = resolve(folder);
  if (!existsSync(join(path, 'kubernetes', 'swagger.json'))) {
    throw new Error(`COXSWAIN_SHARED: expected a folder with kubernetes/swagger.json in it, found none in ${path}`);
  }
  return path;
}
