/**
 * How much the property tests of the scheduler try. In CI a slice with a fixed seed; `npm run soak:scheduler` a hundred times as
 * much, with a seed that it prints when something fails.
 */
export const scale = Number(process.env['SCHEDULER_SOAK'] ?? 1);
export const fixed = scale === 1 ? { seed: 20_260_101 } : {};
export const patienceMs = 240_000 * scale;
