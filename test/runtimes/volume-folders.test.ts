import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ResolvedMount } from '../../src/runtimes/runtime.ts';
import { VolumeFolders } from '../../src/runtimes/volumes/volume-folders.ts';

test("a sub-path that is not there is made with the volume's own mode: who may write to an emptyDir may write there", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-folders-'));
  try {
    const volumes = new VolumeFolders(folder, folder, undefined);
    await volumes.prepare('scratch', { type: 'emptyDir', medium: '', sizeLimitBytes: undefined });
    const subPath = 'deep/er';
    const mount: ResolvedMount = { volumeName: 'scratch', subPath, readOnly: false, mount: { name: 'scratch', mountPath: '/v', subPath } };
    const path = await volumes.locate(mount, join(folder, 'copies'));
    expect([path, join(path, '..')].map((each) => (statSync(each).mode & 0o7777).toString(8))).toEqual(['777', '777']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
