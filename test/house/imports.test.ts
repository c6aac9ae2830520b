import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { everywhere, forbiddenImports, rooms } from './import-rules.ts';

const root = join(import.meta.dirname, '../..');
const made = mkdtempSync(join(tmpdir(), 'coxswain-imports-'));
afterAll(() => rmSync(made, { recursive: true, force: true }));

/** path -> what it imports; `type:` for a type-only import. */
const files: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'index.ts': ['./cluster.ts', './kinds/pod.ts'],
  'cluster.ts': ['./kubelet/kubelet.ts', './server/api-server.ts'],
  'env/clock.ts': ['../errors.ts'],
  'api/kind.ts': ['type:../errors.ts'],
  'api/view.ts': ['type:../stores/store.ts', '../stores/memory-store.ts'],
  'api/circle-a.ts': ['./circle-b.ts'],
  'api/circle-b.ts': ['./circle-a.ts'],
  'api/type-circle-a.ts': ['type:./type-circle-b.ts'],
  'api/type-circle-b.ts': ['./type-circle-a.ts'],
  'kinds/pod.ts': ['../api/view.ts', '../env/clock.ts'],
  'stores/store.ts': ['type:../env/clock.ts'],
  'stores/memory-store.ts': ['./store.ts'],
  'stores/lmdb-store.ts': ['./memory-store.ts', 'lmdb', 'type:dockerode'],
  'runtimes/runtime.ts': ['type:../api/kind.ts'],
  'runtimes/process-runtime.ts': ['./process-tree.ts', './runtime.ts', 'node:child_process'],
  'runtimes/process-tree.ts': ['./in-process-runtime.ts'],
  'runtimes/in-process-runtime.ts': ['./runtime.ts'],
  'runtimes/docker-runtime.ts': ['dockerode', '../proxy/balancer.ts'],
  'proxy/balancer.ts': ['http-proxy', '../loop/participant.ts', '../index.ts'],
  'loop/participant.ts': [],
  'loop/loop.ts': ['../controllers/controller.ts', '../controllers/replication-manager.ts'],
  'controllers/controller.ts': ['type:../env/clock.ts', 'type:../loop/participant.ts'],
  'controllers/now.ts': ['type:../env/clock.ts', '../env/random.ts'],
  'env/random.ts': [],
  'controllers/replication-manager.ts': ['./namespaces.ts', './controller.ts', '../kinds/pod.ts'],
  'controllers/namespaces.ts': ['./controller.ts', 'node:fs', 'node:crypto'],
  'kubelet/kubelet.ts': ['../runtimes/runtime.ts', '../runtimes/process-runtime.ts', 'node:net'],
  'server/api-server.ts': ['../testing/suites.ts'],
  'testing/suites.ts': ['../index.ts', '../stores/memory-store.ts'],
};

const expected = [
  'contract-types-only: src/env/clock.ts -> src/errors.ts',
  'room-api: src/api/view.ts -> src/stores/memory-store.ts',
  'no-circle: src/api/circle-a.ts -> src/api/circle-b.ts',
  // Two of the forbidden imports above close a circle.
  'no-circle: src/cluster.ts -> src/server/api-server.ts',
  'room-kinds: src/kinds/pod.ts -> src/env/clock.ts',
  'room-controllers: src/controllers/now.ts -> src/env/random.ts',
  'sibling-lmdb: src/stores/lmdb-store.ts -> src/stores/memory-store.ts',
  'door-dockerode: src/stores/lmdb-store.ts -> dockerode',
  'sibling-process: src/runtimes/process-tree.ts -> src/runtimes/in-process-runtime.ts',
  'room-runtimes: src/runtimes/docker-runtime.ts -> src/proxy/balancer.ts',
  'room-proxy: src/proxy/balancer.ts -> src/index.ts',
  'nobody-imports-the-root: src/proxy/balancer.ts -> src/index.ts',
  'room-loop: src/loop/loop.ts -> src/controllers/replication-manager.ts',
  'sibling-controllers: src/controllers/replication-manager.ts -> src/controllers/namespaces.ts',
  'decides-and-does-nothing: src/controllers/namespaces.ts -> fs',
  'decides-and-does-nothing: src/kubelet/kubelet.ts -> net',
  'room-kubelet: src/kubelet/kubelet.ts -> src/runtimes/process-runtime.ts',
  'nobody-imports-testing: src/server/api-server.ts -> src/testing/suites.ts',
  'room-server: src/server/api-server.ts -> src/testing/suites.ts',
];

test('each rule finds what it forbids, and nothing else', async () => {
  for (const [path, imports] of Object.entries(files)) {
    const isController = path.startsWith('controllers/') ? 'export class C implements Controller {}\n' : '';
    const text = imports.map((to, i) =>
      to.startsWith('type:') ? `import type * as m${i} from '${to.slice(5)}';` : `import * as m${i} from '${to}';`,
    );
    mkdirSync(dirname(join(made, 'src', path)), { recursive: true });
    writeFileSync(
      join(made, 'src', path),
      `${text.join('\n')}\n${isController}export const used = [${imports.flatMap((to, i) => (to.startsWith('type:') ? [] : [`m${i}`])).join()}];\n`,
    );
  }
  expect([...(await forbiddenImports(made))].sort()).toEqual([...expected].sort());
});

test('every room imports what the table of docs/architecture.md allows, every guest has one door', async () => {
  expect(await forbiddenImports(root)).toEqual([]);
});

test('every folder of src/ is a room of the table', () => {
  const unknown = readdirSync(join(root, 'src')).filter((name) => !everywhere.test(name) && name !== 'errors.ts' && !(name in rooms));
  expect(unknown).toEqual([]);
});
