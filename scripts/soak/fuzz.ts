/**
 * `npm run soak:fuzz [-- --requests 100000 --seed 7]`: malformed requests (paths, bodies, patches, selectors, headers, frames of WebSocket
 * and SPDY) for the Kubernetes API. Ends with 1 if one was not answered with a Status, or something broke.
 */
import { parseArgs } from 'node:util';
import { fuzzApi } from '../../test/server/api-fuzz.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '7' } } });
const started = performance.now();
const { requests, byStatus, findings } = await fuzzApi(Number(values.requests), Number(values.seed));
const counts = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
console.log(`${requests} malformed requests in ${Math.round((performance.now() - started) / 1000)} s (${counts.join(', ')})`);
for (const finding of findings) console.log(`FAULT ${finding}`);
process.exitCode = findings.length === 0 ? 0 : 1;
