import ts from 'typescript';
import { isTypeScript, type Source } from '../source.ts';

const suites = new Set(['test', 'it', 'describe', 'suite', 'bench']);
const shortcuts = new Set(['only', 'skip', 'todo', 'fails']);
const sleepMsMax = 100;

/** A test runs, once, and waits for what happens instead of for time to pass. */
export function testDiscipline(sources: readonly Source[]): readonly string[] {
  return sources.filter((source) => isTypeScript(source) && source.path.startsWith('test/')).flatMap((source) => [...inFile(source)]);
}

function* inFile(source: Source): Generator<string> {
  for (const node of source.nodes()) {
    if (ts.isPropertyAccessExpression(node) && shortcuts.has(node.name.text) && suites.has(rootName(node.expression))) {
      yield `${source.at(node)}: .${node.name.text}: run it, correct it or delete it (.skipIf says when something is not there)`;
    }
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'retry' && node.initializer.getText() !== '0') {
      yield `${source.at(node)}: retry: a test that passes now and then is broken`;
    }
    if (ts.isCallExpression(node) && sleepsTooLong(node))
      yield `${source.at(node)}: a sleep: wait for what is expected, or step a ManualClock`;
  }
}

/** `test.concurrent.only` -> `test`. */
function rootName(node: ts.Expression): string {
  let root = node;
  while (ts.isPropertyAccessExpression(root) || ts.isCallExpression(root)) root = root.expression;
  return ts.isIdentifier(root) ? root.text : '';
}

/** `setTimeout(resolve, 500)`, or `await setTimeout(500)` of `node:timers/promises`; a deadline with a body of its own is none. */
function sleepsTooLong(node: ts.CallExpression): boolean {
  if (!ts.isIdentifier(node.expression) || !/^(setTimeout|sleep|delay)$/.test(node.expression.text)) return false;
  const [first, second] = node.arguments;
  if (first !== undefined && ts.isNumericLiteral(first)) return Number(first.text.replaceAll('_', '')) >= sleepMsMax;
  if (first === undefined || second === undefined || !ts.isIdentifier(first) || !ts.isNumericLiteral(second)) return false;
  return /^(r|res|resolve|done|next)$/.test(first.text) && Number(second.text.replaceAll('_', '')) >= sleepMsMax;
}
