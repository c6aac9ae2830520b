import { deepEqual } from '../api/deep-equal.ts';

const depthMax = 40;

function* differences(before: unknown, after: unknown, path: string, depth: number): Generator<string> {
  if (deepEqual(before, after)) return;
  const open = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
  if (open(before) && open(after) && Array.isArray(before) === Array.isArray(after) && depth < depthMax) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const at = Array.isArray(before) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      yield* differences(before[key], after[key], at, depth + 1);
    }
    return;
  }
  if (before !== undefined) yield `- ${path}: ${JSON.stringify(before)}`;
  if (after !== undefined) yield `+ ${path}: ${JSON.stringify(after)}`;
}

/** What differs between two JSON values, one field a line: `- containers[0].name: "a"` and `+ containers[0].name: "b"`. */
export function describeDifference(before: unknown, after: unknown): string {
  return [...differences(before, after, '', 0)].join('\n');
}
