/** Makes the table of `docs/support.md` anew: `npm run support`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withMatrix } from './support-matrix.ts';

const file = 'docs/support.md';
writeFileSync(file, withMatrix(readFileSync(file, 'utf8')));
