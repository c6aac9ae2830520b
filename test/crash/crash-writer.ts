/**
 * The process that is killed: `crash-writer STORE SEED IN-FLIGHT`. It writes according to the plan and says on its standard
 * output (a file), with one system call each, which writes it asks for and which have been acknowledged.
 */
import { writeSync } from 'node:fs';
import { CrashPlan } from './crash-plan.ts';
import { crashStore } from './crash-store.ts';

const [name = '', seed = '1', inFlight = '1'] = process.argv.slice(2);
const store = crashStore(name);
await store.open();
let begun = false;
/** Says also, once, on standard error that something has been acknowledged. */
function acknowledge(n: number): void {
  writeSync(1, `ack ${n}\n`);
  if (!begun) writeSync(2, 'begun\n');
  begun = true;
}
const plan = new CrashPlan(Number(seed));
const start = await store.head();
writeSync(2, 'open\n');
if (store.shared) {
  // In a shared store a revision is known once it is acknowledged: one at a time.
  const revisions = new Map<number, number>();
  for (;;) {
    const op = plan.next((n) => revisions.get(n)!);
    const [result] = await store.write([op]);
    if (!result?.ok) throw new Error(`write ${plan.count} was refused: ${JSON.stringify(result)}`);
    revisions.set(plan.count, result.entry.revision);
    acknowledge(plan.count);
  }
}
const writers = Array.from({ length: Number(inFlight) }, async () => {
  for (;;) {
    const op = plan.next((n) => start + n);
    const n = plan.count;
    writeSync(1, `ask ${n}\n`);
    const [result] = await store.write([op]);
    if (!result?.ok) throw new Error(`write ${n} was refused: ${JSON.stringify(result)}`);
    acknowledge(n);
  }
});
await Promise.all(writers);
