// Runs what `npm run build` made, ESM and CJS, on the Node that runs this file. Prints one line that ends in `: <hash>`, which is
// the same on every Node version.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import * as esm from '../dist/index.js';

const cjs = createRequire(import.meta.url)('../dist/index.cjs');

function history({ ManualClock, SeededRandom }) {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const seen = [];
  for (let i = 0; i < 1000; i++) clock.schedule(clock.now() + random.integer(100), () => seen.push(i));
  clock.moveTo(clock.now() + 100);
  clock.fireDue();
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 16);
}

const hashes = [history(esm), history(cjs)];
if (hashes[0] !== hashes[1]) throw new Error(`ESM and CJS differ: ${hashes.join(' ')}`);
console.log(`Node ${process.versions.node}, ESM and CJS: ${hashes[0]}`);
