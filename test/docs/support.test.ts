import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withMatrix } from '../../scripts/support-matrix.ts';

test('docs/support.md says of every field what the cluster does (npm run support)', () => {
  const page = readFileSync('docs/support.md', 'utf8');
  expect(page).toContain('`hostUsers`');
  expect(withMatrix(page)).toBe(page);
});
