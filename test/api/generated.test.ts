import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const made = mkdtempSync(join(tmpdir(), 'coxswain-models-'));

beforeAll(() => {
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/generate-models.ts', made], { cwd: root });
});
afterAll(() => rmSync(made, { recursive: true, force: true }));

test.each(['models.ts', 'schema.ts'])('src/api/generated/%s is what the generator makes (npm run generate)', (file) => {
  const committed = readFileSync(join(root, 'src/api/generated', file));
  expect(committed.equals(readFileSync(join(made, file)))).toBe(true);
});
