import { expect, test } from 'vitest';
import { processPlace, rollUnderLoad } from './rollout-trial.ts';

/** CI tries a few; `npm run soak:rollouts` tries 50. */
test('a rolling update under 500 requests a second and open WebSockets loses nothing', { timeout: 600_000 }, async () => {
  const { failures, requests, messages, reconnects, versions } = await rollUnderLoad(2, processPlace(), {
    onFailure: (why) => console.error(why),
  });
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(500);
  expect(messages).toBeGreaterThan(50);
  expect(reconnects).toBeGreaterThan(0);
  expect(versions).toBe(3);
});
