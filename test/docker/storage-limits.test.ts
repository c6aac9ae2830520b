import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { DockerStage, withEngine } from './docker-stage.ts';
import { canStartDockerd, OwnDockerd, ownSubnet } from './own-dockerd.ts';
import { ensureTestImages, testImages } from './test-images.ts';

const name = `storage-limits-${process.pid}`;
const knowsBtrfs = process.platform === 'linux' && /\bbtrfs$/m.test(readFileSync('/proc/filesystems', 'utf8'));
const hasBtrfs = knowsBtrfs && spawnSync('mkfs.btrfs', ['--version']).status === 0;
if (!hasBtrfs) console.warn('*** there is no btrfs, or no mkfs.btrfs: limits of ephemeral-storage are NOT TRIED. ***');
let stage: DockerStage;

describe.runIf(canStartDockerd() && hasBtrfs)('an engine that can hold containers to a size', () => {
  beforeAll(async () => {
    const dockerd = await OwnDockerd.start({ subnet: ownSubnet(222), btrfsMb: 256 });
    await withEngine(dockerd, (engine) => ensureTestImages(engine, 'base'));
    const runtime = new DockerRuntime({ host: dockerd.host, neverPull: true, storageLimits: true });
    stage = await DockerStage.open({ name, nodes: [{ name: 'n1', runtime }] }, [dockerd]);
  });
  afterAll(() => stage?.dispose());

  test('ephemeral-storage: what is written beyond the limit is refused', async () => {
    const pod = await stage.cluster.pods.create({
      metadata: { name: 'writer' },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            image: testImages.base,
            command: ['sh', '-c', 'dd if=/dev/zero of=/x bs=1M count=32 2>&1 | grep -o "Disk quota exceeded"; stat -c %s /x'],
            resources: { limits: { 'ephemeral-storage': '8Mi' } },
          },
        ],
      },
    });
    await stage.until(pod, 'its end', ({ status }) => status.phase === 'Succeeded');
    const lines: string[] = [];
    for await (const line of pod.logs()) lines.push(line);
    expect(lines[0]).toBe('Disk quota exceeded');
    expect(Number(lines[1])).toBeLessThan(8 * 2 ** 20);
  });
});
