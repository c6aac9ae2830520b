import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ICruiseResult, IForbiddenRuleType } from 'dependency-cruiser';
import { cruise } from 'dependency-cruiser';

/** The files that hold a contract: another room may import them where the table says so, and they import types only. */
export const contracts = {
  store: 'src/stores/store.ts',
  controller: 'src/controllers/controller.ts',
  scheduler: 'src/scheduler/scheduler.ts',
  runtime: 'src/runtimes/runtime.ts',
  participant: 'src/loop/participant.ts',
  'service-proxy': 'src/proxy/service-proxy.ts',
  'name-server': 'src/dns/name-server.ts',
  kind: 'src/api/kind.ts',
  client: 'src/api/client.ts',
  'view-reader': 'src/api/view-reader.ts',
  clock: 'src/env/clock.ts',
  random: 'src/env/random.ts',
  logger: 'src/env/logger.ts',
} as const;

type Contract = keyof typeof contracts;
type Room =
  | 'errors'
  | 'env'
  | 'api'
  | 'admission'
  | 'kinds'
  | 'stores'
  | 'loop'
  | 'scheduler'
  | 'controllers'
  | 'kubelet'
  | 'runtimes'
  | 'proxy'
  | 'dns'
  | 'metrics'
  | 'server';
interface Row {
  readonly rooms: readonly Room[];
  readonly contracts?: readonly Contract[];
}

/** The table of `docs/architecture.md`. Its own room a file may always import; `index.ts`, `cluster*.ts`, `bootstrap.ts` and `testing/` everything but what follows. */
export const rooms: Readonly<Record<Room, Row>> = {
  errors: { rooms: [] },
  env: { rooms: ['errors'] },
  api: { rooms: ['env', 'errors'], contracts: ['store'] },
  admission: { rooms: ['api', 'kinds', 'env', 'errors'], contracts: ['store'] },
  kinds: { rooms: ['api', 'errors'] },
  stores: { rooms: ['env', 'errors'] },
  loop: { rooms: ['api', 'env', 'errors'], contracts: ['store', 'controller', 'scheduler'] },
  scheduler: { rooms: ['api', 'kinds', 'errors'] },
  controllers: { rooms: ['api', 'kinds', 'errors'] },
  kubelet: { rooms: ['api', 'kinds', 'env', 'errors'], contracts: ['runtime', 'participant'] },
  runtimes: { rooms: ['api', 'env', 'errors'] },
  proxy: { rooms: ['api', 'kinds', 'env', 'errors'], contracts: ['participant'] },
  dns: { rooms: ['api', 'kinds', 'env', 'errors'], contracts: ['participant'] },
  metrics: { rooms: ['api', 'kinds', 'env', 'errors'], contracts: ['participant', 'runtime'] },
  server: { rooms: ['api', 'kinds', 'env', 'errors'], contracts: ['store'] },
};

/** Where the composition root, the front door and the suites live: they may import every room. */
export const everywhere = /^(index|bootstrap|cluster(-[a-z-]+)?)\.ts$|^(cluster|testing)$/;

/** One door for each guest: the only files that may import it, types included. */
const doors: Readonly<Record<string, string>> = {
  dockerode: '^src/runtimes/docker',
  'http-proxy': '^src/proxy/',
  lmdb: '^src/stores/lmdb',
  '@grpc/(grpc-js|proto-loader)': '^src/(stores/etcd|runtimes/process|runtimes/grpc)',
  ws: '^src/server/',
  yaml: '^src/(api|server|cluster)',
  jose: '^src/server/',
  'dns-packet': '^src/dns/',
  '@marcbachmann/cel-js': '^src/api/',
  croner: '^src/controllers/',
  'fast-json-patch': '^src/api/',
  'modern-tar': '^src/(runtimes|server)/',
  diff: '^src/(plan|api|testing)/',
};

const pathOf = (room: Room): string => (room === 'errors' ? '^src/errors\\.ts$' : `^src/${room}/`);
const exactly = (path: string): string => `^${path.replaceAll('.', '\\.')}$`;

const contractFiles = Object.values(contracts).map(exactly);
const lentByHost = [contracts.clock, contracts.random, contracts.logger].map(exactly);

/**
 * What the table leaves open, and `docs/decisions/0002-import-table.md` answers: a contract may name the types of any other
 * contract, and every room those of `env/` (an `Instant` is a number).
 */
function roomRules(): IForbiddenRuleType[] {
  return (Object.keys(rooms) as Room[]).flatMap((room): IForbiddenRuleType[] => {
    const row = rooms[room];
    const name = `room-${room}`;
    const from = { path: pathOf(room), pathNot: contractFiles };
    const allowed = [pathOf(room), ...row.rooms.map(pathOf), ...(row.contracts ?? []).map((contract) => exactly(contracts[contract]))];
    const typesOnly = room === 'errors' ? [] : lentByHost.filter((path) => !row.rooms.includes('env') && path !== pathOf('env'));
    return [
      { name, severity: 'error', from, to: { path: '^src/', pathNot: [...allowed, ...typesOnly] } },
      { name, severity: 'error', from, to: { path: typesOnly, dependencyTypesNot: ['type-only'] } },
      {
        name,
        severity: 'error',
        from: { path: contractFiles.filter((path) => path.startsWith(pathOf(room))) },
        to: { path: '^src/', pathNot: [...allowed, ...contractFiles] },
      },
    ].filter(({ from, to }) => from.path.length > 0 && to.path.length > 0) as IForbiddenRuleType[];
  });
}

function doorRules(): IForbiddenRuleType[] {
  return Object.entries(doors).map(([guest, door]) => ({
    name: `door-${guest}`,
    severity: 'error',
    from: { path: '^src/', pathNot: [door, '^src/testing/'] },
    to: { path: `(^|node_modules/)(@types/)?${guest}(/|$)`, pathNot: '^src/' },
  }));
}

/** Files that implement the same contract are siblings; so are all files of two adapters of different names in one folder. */
function siblingRules(baseDir: string): IForbiddenRuleType[] {
  const rules: IForbiddenRuleType[] = [];
  for (const [folder, pattern] of Object.entries({ stores: /^(.+)-store\.ts$/, runtimes: /^(.+)-runtime\.ts$/ })) {
    const families = list(baseDir, folder).flatMap((file) => pattern.exec(file)?.[1] ?? []);
    for (const family of families) {
      const others = families
        .filter((other) => other !== family && !other.startsWith(`${family}-`))
        .map((other) => `^src/${folder}/${other}[-/]`);
      const mine = `^src/${folder}/${family}[-/]`;
      if (others.length > 0) rules.push({ name: `sibling-${family}`, severity: 'error', from: { path: mine }, to: { path: others } });
    }
  }
  for (const [folder, contract] of Object.entries({ controllers: 'Controller', 'scheduler/plugins': '\\w*Plugin' })) {
    const pattern = new RegExp(`implements [^{]*\\b${contract}\\b|(const \\w+|\\)): (Readonly<)?${contract}\\b`);
    const adapters = list(baseDir, folder).filter(
      (file) => file !== 'controller.ts' && pattern.test(readFileSync(join(baseDir, 'src', folder, file), 'utf8')),
    );
    const paths = adapters.map((file) => exactly(`src/${folder}/${file}`));
    if (paths.length > 1) rules.push({ name: `sibling-${folder}`, severity: 'error', from: { path: paths }, to: { path: paths } });
  }
  return rules;
}

function list(baseDir: string, folder: string): readonly string[] {
  try {
    return readdirSync(join(baseDir, 'src', folder)).filter((file) => file.endsWith('.ts'));
  } catch {
    return [];
  }
}

const doers = '(fs|fs/promises|net|http|https|http2|dgram|dns|dns/promises|tls|child_process|worker_threads|cluster|readline)';

function otherRules(): IForbiddenRuleType[] {
  return [
    {
      name: 'contract-types-only',
      severity: 'error',
      from: { path: contractFiles },
      to: { dependencyTypesNot: ['type-only'] },
    },
    { name: 'nobody-imports-testing', severity: 'error', from: { path: '^src/', pathNot: '^src/testing/' }, to: { path: '^src/testing/' } },
    {
      name: 'nobody-imports-the-root',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/(index\\.ts$|cluster)', pathNot: '^src/cluster' },
    },
    {
      name: 'no-circle',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'decides-and-does-nothing',
      severity: 'error',
      from: { path: '^src/(api|kinds|loop|scheduler|controllers|kubelet)/' },
      to: { path: `^(node:)?${doers}$`, dependencyTypes: ['core'] },
    },
  ];
}

/** `rule: from -> to` for every import under `baseDir/src` that a rule forbids. */
export async function forbiddenImports(baseDir: string): Promise<readonly string[]> {
  const forbidden = [...roomRules(), ...doorRules(), ...siblingRules(baseDir), ...otherRules()];
  const { output } = await cruise(['src'], {
    baseDir,
    validate: true,
    ruleSet: { forbidden },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  });
  const { summary } = output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}
