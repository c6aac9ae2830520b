import { expect, test } from 'vitest';
import { fuzzApi } from './api-fuzz.ts';

test('4,000 malformed requests: each is answered with a Status, and nothing breaks', async () => {
  const { findings, byStatus } = await fuzzApi(4000, 1);
  expect(findings).toEqual([]);
  // They are malformed in many ways: some get in, most are refused, for different reasons.
  for (const status of [200, 400, 404, 405, 415, 422]) expect(byStatus.get(status) ?? 0).toBeGreaterThan(0);
});
