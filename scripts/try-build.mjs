// Runs what `npm run build` made, ESM and CJS, on the Node that runs this file: a whole cluster in bad weather, twice in each. Prints one
// line that ends in `: <hash>`, which is the same on every Node version.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import * as esm from '../dist/testing.js';

const cjs = createRequire(import.meta.url)('../dist/testing.cjs');
const seeds = [2, 6];

/** The history of each seed's cluster: every change of every object, in order. */
async function history({ simulate }) {
  const hash = createHash('sha256');
  for (const seed of seeds) {
    const { historyHash, violations, changes } = await simulate({ seed });
    if (violations.length > 0) throw new Error(`seed ${seed}: ${violations.join('; ')}`);
    if (changes < 200) throw new Error(`seed ${seed}: expected a history, got ${changes} changes`);
    hash.update(historyHash);
  }
  return hash.digest('hex').slice(0, 16);
}

const hashes = [await history(esm), await history(esm), await history(cjs)];
if (new Set(hashes).size > 1) throw new Error(`expected one history, got ${hashes.join(', ')} (ESM, ESM again, CJS)`);
console.log(`Node ${process.versions.node}, ESM twice and CJS: ${hashes[0]}`);
