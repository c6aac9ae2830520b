import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemClock } from 'coxswain';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

const server = fileURLToPath(new URL('../runtimes/suite-server.mjs', import.meta.url));
const applets = [
  'sh',
  'sleep',
  'cat',
  'echo',
  'env',
  'id',
  'ls',
  'wget',
  'nslookup',
  'nc',
  'tail',
  'head',
  'stat',
  'mount',
  'kill',
  'touch',
  'test',
  'httpd',
  'hostname',
  'dd',
  'ps',
  'date',
  'ip',
  'stty',
  'ulimit',
  'seq',
  'true',
  'false',
  'grep',
  'mkdir',
  'chmod',
  'df',
  'timeout',
];

const base = 'coxswain-test/base:1';
const node = 'coxswain-test/node:1';

/** Images that tests run, made of this machine's own busybox and node. No registry is asked. */
export const testImages = {
  /** busybox. */
  base,
  /** busybox and node, with the server of the runtime suite as `/suite-server.mjs`. */
  node,
  server: 'coxswain-test/server:1',
  stubborn: 'coxswain-test/stubborn:1',
  quick: 'coxswain-test/quick:1',
  failing: 'coxswain-test/failing:1',
  unstartable: 'coxswain-test/unstartable:1',
} as const;

const derived: readonly (readonly [name: string, from: string, changes: readonly string[]])[] = [
  [testImages.server, node, ['ENTRYPOINT ["/bin/node","/suite-server.mjs","server"]', 'ENV HOST=0.0.0.0', 'ENV PORT=8080']],
  [testImages.stubborn, node, ['ENTRYPOINT ["/bin/node","/suite-server.mjs","stubborn"]', 'ENV HOST=0.0.0.0', 'ENV PORT=8080']],
  [testImages.quick, base, [`CMD ["sh","-c","echo done"]`]],
  [testImages.failing, base, [`CMD ["sh","-c","echo oops >&2; exit 3"]`]],
  [testImages.unstartable, base, [`CMD ["/nonexistent/program"]`]],
];

/** The engine that tests use, or the one at `host`; it may be busy. Not of the product's making, so that a fault of its does not hide. */
export async function testEngine(host?: string): Promise<Engine> {
  return (await findEngine(host === undefined ? {} : { host, env: {} }, new SystemClock(), { timeoutMs: patienceMs })).engine;
}

async function has(engine: Engine, image: string): Promise<boolean> {
  return engine.json('look for a test image', { method: 'GET', path: `/images/${image}/json` }).then(
    () => true,
    () => false,
  );
}

function folderWith(withNode: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-image-'));
  for (const name of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev']) mkdirSync(join(folder, name));
  copyFileSync('/bin/busybox', join(folder, 'bin/busybox'));
  for (const applet of applets) symlinkSync('busybox', join(folder, 'bin', applet));
  if (!withNode) return folder;
  cpSync(process.execPath, join(folder, 'bin/node'));
  const libraries = execFileSync('ldd', [process.execPath]).toString().match(/\/\S+/g) ?? [];
  for (const library of libraries) {
    mkdirSync(join(folder, dirname(library)), { recursive: true });
    cpSync(library, join(folder, library), { dereference: true });
  }
  copyFileSync(server, join(folder, 'suite-server.mjs'));
  return folder;
}

async function importImage(engine: Engine, image: string, withNode: boolean): Promise<void> {
  const folder = folderWith(withNode);
  try {
    const archive = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 2 ** 30 });
    const request = {
      method: 'POST',
      path: '/images/create',
      // With its tag: Podman 4 does not look at one that is given apart.
      query: { fromSrc: '-', repo: image, changes: 'ENV PATH=/bin' },
      archive,
    } as const;
    await engine.json('import a test image', request, { timeoutMs: 120_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function derive(engine: Engine, image: string, from: string, changes: readonly string[]): Promise<void> {
  const body = { Image: from, Cmd: ['true'] };
  const { Id } = await engine.json<{ readonly Id: string }>('create', { method: 'POST', path: '/containers/create', body });
  const [repo = '', tag = ''] = image.split(':');
  await engine.json(
    'commit',
    // A body, which Podman 4 waits for.
    { method: 'POST', path: '/commit', query: { container: Id, repo, tag, changes: changes.join('\n') }, body: { Labels: {} } },
    { timeoutMs: 60_000 },
  );
  await engine.json('remove', { method: 'DELETE', path: `/containers/${Id}` });
}

/** Makes what is not there yet. @param which `base`: the smallest image alone, for engines with little room. */
export async function ensureTestImages(engine: Engine, which: 'all' | 'base' = 'all'): Promise<void> {
  if (!(await has(engine, base))) await importImage(engine, base, false);
  if (which === 'base') return;
  if (!(await has(engine, node))) await importImage(engine, node, true);
  for (const [image, from, changes] of derived) if (!(await has(engine, image))) await derive(engine, image, from, changes);
}
