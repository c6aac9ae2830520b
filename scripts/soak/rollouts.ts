/**
 * Rolling updates of a real HTTP server on real processes, under 500 requests a second over kept-alive connections and with 20 open
 * WebSockets: `npm run soak:rollouts [-- rollouts]`. Ends with an error if a single request fails or is cut.
 */
import { processPlace, rollUnderLoad } from '../../test/e2e/rollout-trial.ts';

const rollouts = Number(process.argv[2] ?? 50);
const start = Date.now();
const result = await rollUnderLoad(rollouts, processPlace(), {
  onRollout: (done, failed) => console.log(`rollout ${done}: ${failed} failed so far`),
  onFailure: (why) => console.error(`${((Date.now() - start) / 1000).toFixed(1)} s: ${why}`),
});
const { failures, ...figures } = result;
console.log(JSON.stringify({ ...figures, failed: failures.length, seconds: Math.round((Date.now() - start) / 1000) }));
if (failures.length > 0 || result.versions !== rollouts + 1) process.exitCode = 1;
