import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const patienceMs = 600_000;

/** What each example has to say, in this order. */
const says: Readonly<Record<string, readonly RegExp[]>> = {
  autoscaling: [
    /^5 requests\/s: 1 pod$/m,
    /^90 requests\/s: 8 pods$/m,
    /^version 2 is rolled out: 0 requests failed meanwhile$/m,
    /^node-3 is lost: 8 pods on node-1 and node-2$/m,
    /^5 requests\/s: 1 pod again$/m,
    /^\d+ requests answered, \d+ failed$/m,
  ],
  'autoscaling-day': [
    /^24 hours in [\d.]+ s: 1 to 8 pods, load up to 440 requests\/s$/m,
    /^version 2 came at noon, node-3 was lost in the evening; at midnight there is web:2$/m,
    /^latency at most \d+ ms; plot in .+\.svg$/m,
  ],
  'custom-scheduler-plugin': [
    /^red: node-[01] \(Running\)$/m,
    /^blue: node-2/m,
    /^green: nowhere/m,
    /^0\/3 nodes are available: 3 node\(s\) belonged to another tenant than green\.$/m,
  ],
  'custom-scheduler': [
    /^usual: node-b, bound by default-scheduler$/m,
    /^first: node-a, bound by first-come$/m,
    /^second: node-a, bound by first-come$/m,
    /^third: node-b, bound by first-come$/m,
    /^fourth: nowhere$/m,
    /^first-come: every node has 2 pods already$/m,
  ],
  'custom-store': [/^the store passes all \d+ cases/m, /^\d+ put core\/pods\/default\/web$/m],
  demo: [
    /^1\. A cluster of 3 nodes/m,
    /kill -9/,
    /A node is lost/,
    /the Service says: version 2/,
    /500 pods are ready, none on the lost nodes/,
    /The cluster is closed/,
  ],
  hello: [/^hello from hello-\w+$/m],
  infrastructure: [
    /^Service\/front created$/m,
    /^2 replicas ready; the service says "good morning"$/m,
    /^Namespace\/shop unchanged$/m,
    /^Service\/front unchanged$/m,
  ],
  'network-namespaces': [
    process.platform === 'linux' && process.getuid?.() === 0
      ? /^2 processes answer at http:\/\/[\d.]+:80$/m
      : /^no network namespaces here: .+$/m,
  ],
  'rolling-version': [/^version 1: 0 pods, version 2: 3 pods$/m, /^\d+ requests, 0 failed$/m],
  'self-healing': [/exit code 137, restarts 1$/m, /requests answered meanwhile by 3 pods/],
  'test-harness': [/^eleven minutes of a cluster, tested in \d+ ms: node b was lost, 6 pods run on a and c$/m],
};
/** Parts of examples; `serve` runs until it is stopped, and has tests of its own under test/server. */
const notAlone = ['load', 'paced-load', 'plot', 'screen', 'serve', 'story', 'web'];

async function run(example: string): Promise<string> {
  const args = ['--import', 'tsx', `examples/${example}.ts`];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    timeout: patienceMs - 10_000,
    env: { ...process.env, EXAMPLE_SHORT: '1' },
  });
  return stdout;
}

test('every example has a test', () => {
  const files = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'));
  expect(files.map((file) => file.replace(/\.ts$/, '')).sort()).toEqual([...Object.keys(says), ...notAlone].sort());
});

test.concurrent.each(Object.entries(says))(
  'examples/%s.ts does what it says',
  async (example, expected) => {
    let output = await run(example);
    for (const line of expected) {
      expect(output).toMatch(line);
      output = output.slice(output.search(line));
    }
  },
  patienceMs,
);

test('hello: each of three replicas answers two of six requests', async () => {
  const lines = (await run('hello')).trim().split('\n');
  expect([...new Set(lines)].map((line) => lines.filter((other) => other === line).length)).toEqual([2, 2, 2]);
});
