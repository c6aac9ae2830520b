import { describe, expect, test } from 'vitest';
import { programs } from '../../scripts/entry-points.ts';
import { bannedCalls } from './rules/banned-calls.ts';
import { moduleState } from './rules/module-state.ts';
import { names } from './rules/names.ts';
import { secretChance } from './rules/secret-chance.ts';
import { sizes } from './rules/sizes.ts';
import { testDiscipline } from './rules/test-discipline.ts';
import { typeEscapes } from './rules/type-escapes.ts';
import { unfinished } from './rules/unfinished.ts';
import { workplace } from './rules/workplace.ts';
import { repository, Source } from './source.ts';

const programFiles = Object.values(programs);
const lines = (count: number): string => 'x;\n'.repeat(count);
const many = (count: number, length: number): readonly (readonly [string, string])[] =>
  Array.from({ length: count }, (_, i) => [`src/api/f${i}.ts`, lines(length)] as const);

type Files = readonly (readonly [path: string, text: string])[];

interface Rule {
  readonly title: string;
  readonly rule: (sources: readonly Source[]) => readonly string[];
  /** Each is one violation and nothing else. */
  readonly broken: readonly Files[];
  /** Each looks like one and is none. */
  readonly fine: readonly Files[];
}

const product = (text: string, path = 'src/loop/x.ts'): Files => [[path, text]];

const rules: readonly Rule[] = [
  {
    title: 'time and chance come from env/ only',
    rule: bannedCalls,
    broken: [
      product('const t = Date.now();'),
      product('const t = new Date();'),
      product('const t = Date();'),
      product('setTimeout(f, 1);'),
      product('globalThis.setInterval(f, 1);'),
      product('const later = setImmediate;'),
      product('const n = Math.random();'),
      product('const n = performance.now();'),
      product('const n = process.hrtime.bigint();'),
      product('const s = AbortSignal.timeout(5);'),
      product('const id = crypto.randomUUID();'),
      product("import { randomUUID } from 'node:crypto';"),
      product("import { randomBytes as bytes } from 'crypto';"),
      product("import * as crypto from 'node:crypto';"),
      product("import { setTimeout } from 'node:timers/promises';"),
    ],
    fine: [
      product('const t = new Date(now).toISOString();'),
      product("import { createHash } from 'node:crypto';"),
      product('socket.setTimeout(5);'),
      product('let handle: ReturnType<typeof setTimeout>;'),
      product('const t = Date.now();', 'src/env/system-clock.ts'),
      product('const t = Date.now();', 'bench/x.ts'),
    ],
  },
  {
    title: 'a module holds no state and does nothing by being imported',
    rule: (sources) => moduleState(sources, programFiles),
    broken: [
      product('let count = 0;'),
      product('const seen = new Map<string, number>();'),
      product('const memo = new WeakMap<object, string>();'),
      product('const list = [];'),
      product("const names = ['a']; export function add(n: string) { names.push(n); }"),
      product("const table = { a: 1 }; export function put() { table['a'] = 2; }"),
      product('export class C { static count = 0; }'),
      product('export class C { static { start(); } }'),
      product("console.log('hello');"),
      product('const r = /a/g; export const f = (s: string) => r.test(s);'),
    ],
    fine: [
      product("const names = ['a', 'b'];"),
      product("const kinds = new Set(['a']); export const has = (k: string) => kinds.has(k);"),
      product('const none: readonly string[] = [];'),
      product('export class C { static readonly max = 5; }'),
      product("const list = ['a']; export function f() { const list: string[] = []; list.push('b'); }"),
      product("const list = ['a']; export const f = (list: string[]) => list.push('b');"),
      product('const r = /a/g; export const f = (s: string) => s.replace(r, "");'),
    ],
  },
  {
    title: 'files and functions are small',
    rule: sizes,
    broken: [
      many(3, 121),
      [...many(8, 10), ['src/api/a.ts', lines(251)], ['src/api/b.ts', lines(251)]],
      [...many(20, 10), ['src/api/a.ts', lines(501)]],
      product(`export function f() {\n${lines(69)}}`),
      product(`export class C {\n  m() {\n${lines(69)}  }\n}`),
    ],
    fine: [
      many(3, 120),
      [...many(9, 10), ['src/api/a.ts', lines(500)]],
      product(`export function f() {\n${lines(68)}}`),
      [['src/api/generated/a.ts', lines(3000)]],
    ],
  },
  {
    title: 'names say what is inside',
    rule: names,
    broken: [
      [['src/api/types.ts', '']],
      [['src/utils/list.ts', '']],
      [['test/helpers/wait.ts', '']],
      [['src/common/a.ts', '']],
      [['src/api/fieldErrors.ts', '']],
      [['src/api/a.ts', 'export class B {}']],
    ],
    fine: [
      [['src/api/field-errors.ts', 'export class FieldErrors {}']],
      [['src/env/system-clock.ts', 'export class SystemClock {} export class Other {}']],
      [['src/errors.ts', 'export class NotFoundError {}']],
      [['test/types/pod.ts', '']],
    ],
  },
  {
    title: 'the type checker is never switched off',
    rule: typeEscapes,
    broken: [
      product('const x: any = 1;'),
      product('const x = y as any;'),
      product(`// @ts-${'ignore'}\nf();`),
      [['test/api/a.test.ts', `// @ts-${'expect-error'}`]],
    ],
    fine: [
      product('const any = 1; f(any);'),
      [['test/types/pod.ts', `// @ts-${'expect-error'}`]],
      [['src/api/generated/a.ts', 'const x: any = 1;']],
    ],
  },
  {
    title: 'every test runs, once, and none sleeps',
    rule: testDiscipline,
    broken: [
      [['test/a.test.ts', "test.only('x', f);"]],
      [['test/a.test.ts', "describe.skip('x', f);"]],
      [['test/a.test.ts', "it.todo('x');"]],
      [['test/a.test.ts', "test.concurrent.only('x', f);"]],
      [['test/a.test.ts', "test('x', { retry: 2 }, f);"]],
      [['test/a.test.ts', 'await new Promise((resolve) => setTimeout(resolve, 500));']],
      [['test/a.test.ts', 'await setTimeout(1_000);']],
    ],
    fine: [
      [['test/a.test.ts', "describe.skipIf(engine === undefined)('x', f);"]],
      [['test/a.test.ts', 'await new Promise((resolve) => setTimeout(resolve, 5));']],
      [['test/a.test.ts', 'list.only(1);']],
    ],
  },
  {
    title: 'secrets come from SecureRandom',
    rule: secretChance,
    broken: [
      product('function newToken(random: Random) { return random.integer(5); }'),
      product('const password = this.#random.next();'),
      product("import type { Random } from '../env/random.ts';", 'src/server/bearer.ts'),
      product("import { SeededRandom } from '../env/seeded-random.ts';", 'src/api/token-issuer.ts'),
    ],
    fine: [
      product('function newName(random: Random) { return random.integer(5); }'),
      product('function newToken(secureRandom: SecureRandom) { return secureRandom.bytes(5); }'),
      product("import type { Random } from '../env/random.ts';", 'src/kinds/secret.ts'),
    ],
  },
  {
    title: 'the repository does not say where or by whom it was made',
    rule: workplace,
    broken: [[['docs/a.md', 'see /wor' + 'k/main/src']], [['README.md', 'made with Clau' + 'de']]],
    fine: [[['docs/a.md', 'workingDir: /wor' + 'k']], [['docs/a.md', 'a session of the user']]],
  },
  {
    title: 'no notes about what is not done',
    rule: unfinished,
    broken: [product(`// TO${'DO'}: later`)],
    fine: [product('const todoList = 1;')],
  },
];

const files = repository();
const patienceMs = 240_000;

describe.each(rules)('$title', ({ rule, broken, fine }) => {
  test(
    'here',
    () => {
      expect(files.length).toBeGreaterThan(30);
      expect(rule(files)).toEqual([]);
    },
    patienceMs,
  );

  test.each(broken.map((made) => ({ made, text: describeFiles(made) })))('is violated by $text', ({ made }) => {
    expect(rule(made.map(([path, text]) => new Source(path, text)))).toHaveLength(1);
  });

  test.each(fine.map((made) => ({ made, text: describeFiles(made) })))('allows $text', ({ made }) => {
    expect(rule(made.map(([path, text]) => new Source(path, text)))).toEqual([]);
  });
});

function describeFiles(made: Files): string {
  const [first] = made;
  return made.length === 1 && first !== undefined ? `${first[0]}: ${first[1].slice(0, 80)}` : `${made.length} files`;
}
