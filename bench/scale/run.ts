/** One cluster of one size in a Node of its own: prints what it does to stderr and the result as JSON to stdout. */
import { parseArgs } from 'node:util';
import { scaleRun } from './phases.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '500' },
    idle: { type: 'string', default: '20' },
    churn: { type: 'string', default: '15' },
    lose: { type: 'boolean', default: false },
  },
});
const plan = { nodes: Number(values.nodes), idleS: Number(values.idle), churnS: Number(values.churn), lose: values.lose };
const result = await scaleRun(plan, (line) => console.error(`  ${line}`));
console.log(JSON.stringify(result));
process.exit();
