import ts from 'typescript';
import { isProduct, type Source } from '../source.ts';

const medianMax = 120;
const ninthOfTenMax = 250;
const fileMax = 500;
const functionMax = 70;

/** Small files and small functions: see `docs/architecture.md`. */
export function sizes(sources: readonly Source[]): readonly string[] {
  const product = sources.filter(isProduct);
  const ordered = product.map(({ lines }) => lines).sort((a, b) => a - b);
  const quantile = (q: number): number => ordered[Math.ceil(q * ordered.length) - 1] ?? 0;
  const found: string[] = [];
  if (quantile(0.5) > medianMax) found.push(`src: the median file has ${quantile(0.5)} lines, at most ${medianMax}`);
  if (quantile(0.9) > ninthOfTenMax)
    found.push(`src: nine files in ten have up to ${quantile(0.9)} lines, at most ${ninthOfTenMax}: ${longest(product)}`);
  for (const source of product) {
    if (source.lines > fileMax) found.push(`${source.path}: ${source.lines} lines, at most ${fileMax}`);
    found.push(...longFunctions(source));
  }
  return found;
}

function longest(sources: readonly Source[]): string {
  const over = sources.filter(({ lines }) => lines > ninthOfTenMax).sort((a, b) => b.lines - a.lines);
  return over.map(({ path, lines }) => `${path} (${lines})`).join(', ');
}

function* longFunctions(source: Source): Generator<string> {
  for (const node of source.nodes()) {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) continue;
    const first = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line;
    const last = source.tree.getLineAndCharacterOfPosition(node.getEnd()).line;
    if (last - first + 1 > functionMax) yield `${source.at(node)}: a function of ${last - first + 1} lines, at most ${functionMax}`;
  }
}
