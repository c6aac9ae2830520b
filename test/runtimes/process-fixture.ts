import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { SystemClock } from 'coxswain';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import type { ProcessRuntimeOptions } from '../../src/runtimes/process-runtime.ts';
import type { ProcessImage } from '../../src/runtimes/process/process-image.ts';
import type { RuntimeFixture } from '../../src/testing/runtime-probe.ts';
import { patienceMs, within } from './suite-patience.ts';

const server = fileURLToPath(new URL('suite-server.mjs', import.meta.url));

const images: Readonly<Record<string, ProcessImage>> = {
  server: { command: [process.execPath, server, 'server'] },
  stubborn: { command: [process.execPath, server, 'stubborn'] },
  quick: { command: ['sh', '-c', 'echo done'] },
  failing: { command: ['sh', '-c', 'echo oops >&2; exit 3'] },
  unstartable: { command: '/nonexistent/program' },
};

/** Processes of this machine that have `text` in their environment or command line, by pid: pods, shims and guards. */
export function processesWith(text: string): readonly number[] {
  const has = (pid: number): boolean => {
    try {
      return ['environ', 'cmdline'].some((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1').includes(text));
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && has(pid));
}

/** Kills these processes, and returns them. One may have ended by itself since it was found: a shim goes with its container. */
export function killProcessesWith(text: string): readonly number[] {
  const found = processesWith(text);
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return found;
}

/** A process runtime in a folder of its own, for the suite and for other tests. */
export function processFixture(options: ProcessRuntimeOptions = {}): RuntimeFixture {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-test-'));
  const stateDir = join(folder, 'state');
  const make = () => new ProcessRuntime({ ...options, images: { ...images, ...options.images } });
  return {
    runtime: make(),
    again: make,
    clock: new SystemClock(),
    stateDir,
    images: {
      server: 'server',
      stubborn: 'stubborn',
      quick: 'quick',
      failing: 'failing',
      unstartable: 'unstartable',
      missing: 'nobody/knows:this',
    },
    commands: {
      say: (text, problem, exitCode) => [
        'sh',
        '-c',
        '[ -z "$0" ] || echo "$0"; [ -z "$1" ] || echo "$1" >/dev/stderr; exit $2',
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
      // Every process of the runtime has its folder in its environment.
      const processes = killProcessesWith(stateDir);
      rmSync(folder, { recursive: true, force: true });
      expect({ state, processes }, 'what is left behind').toEqual({ state: false, processes: [] });
    },
  };
}

/** Whether this user may make network namespaces here; says so if not. */
export function canMakeNamespaces(): boolean {
  try {
    execFileSync('sh', ['-c', 'ip netns add try-$$ && ip netns del try-$$'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('*** network namespaces cannot be made here (root and `ip` are needed): their tests DO NOT RUN. ***');
    return false;
  }
}
