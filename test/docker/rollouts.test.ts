import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { rollUnderLoad } from '../e2e/rollout-trial.ts';
import { engineHere } from './engine-here.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

const here = await engineHere('rolling updates under load');
/** How many, and under how many requests a second; `COXSWAIN_ROLLOUTS=50 COXSWAIN_RATE=500` for a soak. */
const rollouts = Number(process.env['COXSWAIN_ROLLOUTS'] ?? 2);
const requestsPerSecond = Number(process.env['COXSWAIN_RATE'] ?? 100);

describe.runIf(here)('a rolling update of containers', () => {
  let folder: string;
  beforeAll(async () => {
    const engine = await testEngine();
    await ensureTestImages(engine);
    engine.close();
    folder = await mkdtemp(join(tmpdir(), 'coxswain-echo-'));
    const program = join(import.meta.dirname, '../../examples/programs/echo.mjs');
    // One file with all it imports: the image has node and nothing else.
    const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
    await build({ entryPoints: [program], outfile: join(folder, 'echo.mjs'), bundle: true, platform: 'node', format: 'esm', banner });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('under requests and open WebSockets loses nothing', { timeout: 240_000 + rollouts * 120_000 }, async () => {
    const nodes = ['n1', 'n2'].map((name) => ({ name, runtime: new DockerRuntime({ neverPull: true }) }));
    const container = {
      image: testImages.node,
      command: ['/bin/node', '/app/echo.mjs'],
      env: [{ name: 'HOST', value: '0.0.0.0' }],
      ports: [{ containerPort: 8080 }],
      volumeMounts: [{ name: 'app', mountPath: '/app', readOnly: true }],
    };
    const volumes = [{ name: 'app', hostPath: { path: folder } }];
    const result = await rollUnderLoad(
      rollouts,
      { nodes, container, volumes, requestsPerSecond },
      { onFailure: (why) => console.error(why) },
    );
    console.log(JSON.stringify({ ...result, failures: result.failures.length }));
    expect(result.failures).toEqual([]);
    expect(result.requests).toBeGreaterThan(50);
    expect(result.messages).toBeGreaterThan(10);
    expect(result.reconnects).toBeGreaterThan(0);
    expect(result.versions).toBe(rollouts + 1);
  });
});
