// `npm run soak:scheduler [-- FACTOR]`: the scheduler's property tests, FACTOR (100 unless given) times what CI runs.
import { spawnSync } from 'node:child_process';

const factor = process.argv[2] ?? '100';
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', 'test/scheduler/differential.test.ts', 'test/scheduler/incremental.test.ts', 'test/scheduler/shortcuts.test.ts'],
  {
    stdio: 'inherit',
    env: { ...process.env, SCHEDULER_SOAK: factor },
  },
);
process.exit(status ?? 1);
