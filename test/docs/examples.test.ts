import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository, Source } from '../house/source.ts';
import { examples, mistakes } from './examples.ts';

const root = join(import.meta.dirname, '../..');

test('every example of the README, the pages and the docstrings compiles', () => {
  const found = examples(repository());
  expect(found.length).toBeGreaterThan(0);
  expect(mistakes(found, root)).toEqual([]);
});

test('an example that does not compile is found, wherever it stands', () => {
  const page = new Source('docs/x.md', "# X\n\n```ts\nimport { ManualClock } from 'coxswain';\nnew ManualClock('noon');\n```\n");
  const docstring = new Source('src/api/x.ts', "/**\n * Says.\n *\n * @example\n * const n: number = 'one';\n */\nexport const x = 1;\n");
  const fenced = new Source('src/api/y.ts', "/**\n * Says.\n *\n * ```ts\n * const n: number = 'one';\n * ```\n */\nexport const y = 1;\n");
  const fine = new Source(
    'docs/y.md',
    "```ts\nimport { ManualClock } from 'coxswain';\nnew ManualClock(0).now();\n```\n\n```text\nnot code\n```\n",
  );
  const found = mistakes(examples([page, docstring, fenced, fine]), root);
  expect([...new Set(found.map((text) => text.slice(0, text.indexOf(': '))))]).toEqual(['docs/x.md:3', 'src/api/x.ts:4', 'src/api/y.ts:4']);
});
