import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from 'coxswain';
import { expect } from 'vitest';
import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import type { DockerRuntimeOptions } from '../../src/runtimes/docker/docker-runtime-options.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { bridgePrefix } from '../../src/runtimes/docker/pod-network.ts';
import type { RuntimeFixture } from '../../src/testing/runtime-probe.ts';
import { patienceMs, within } from '../runtimes/suite-patience.ts';
import { testImages } from './test-images.ts';

interface Labelled {
  readonly Id?: string;
  readonly Name?: string;
}

/** Everything on the engine that carries a cluster's label: containers, networks, volumes. */
export async function leftBehind(engine: Engine, clusterId: string): Promise<readonly string[]> {
  const filters = JSON.stringify({ label: [`coxswain.cluster=${clusterId}`] });
  const list = <T>(path: string) =>
    engine.json<T>('list', { method: 'GET', path, query: { filters, ...(path.startsWith('/containers') ? { all: true } : {}) } });
  const containers = await list<readonly Labelled[]>('/containers/json');
  const networks = await list<readonly Labelled[]>('/networks');
  const { Volumes: volumes } = await list<{ readonly Volumes: readonly Labelled[] | null }>('/volumes');
  return [...containers, ...networks, ...(volumes ?? [])].map(({ Id, Name }) => Id ?? Name ?? '');
}

/** The bridges of a cluster's nodes on this machine. */
export const bridgesOf = (clusterId: string): readonly string[] =>
  readdirSync('/sys/class/net').filter((each) => each.startsWith(bridgePrefix({ clusterId })));

/** The numbers of the watchdogs of a cluster, or of one of its nodes, that still live. */
export function watchdogsOf(clusterId: string, node = ''): readonly string[] {
  const wanted = [`coxswain.cluster=${clusterId}"`, ...(node === '' ? [] : [`coxswain.node=${node}"`])];
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const order = readFileSync(`/proc/${pid}/environ`, 'latin1');
      return order.includes('COXSWAIN_WATCHDOG=') && wanted.every((label) => order.includes(label));
    } catch {
      return false;
    }
  });
}

/** A docker runtime in a folder of its own, for the suite. */
export function dockerFixture(engine: Engine, options: DockerRuntimeOptions = {}): RuntimeFixture {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-docker-'));
  const stateDir = join(folder, 'state');
  const make = () => new DockerRuntime({ neverPull: true, ...options });
  return {
    runtime: make(),
    again: make,
    clock: new SystemClock(),
    stateDir,
    images: { ...testImages, missing: 'coxswain-test/nobody:1' },
    commands: {
      say: (text, problem, exitCode) => [
        'sh',
        '-c',
        '[ -z "$0" ] || echo "$0"; [ -z "$1" ] || echo "$1" >&2; exit $2',
        text,
        problem,
        String(exitCode),
      ],
      echo: ['cat'],
      hang: ['sleep', '100000'],
    },
    settle: within,
    patienceMs,
    dispose: async () => {
      const state = existsSync(stateDir);
      rmSync(folder, { recursive: true, force: true });
      expect({ state, engine: await leftBehind(engine, 'suite') }, 'what is left behind').toEqual({ state: false, engine: [] });
    },
  };
}
