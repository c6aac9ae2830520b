import ts from 'typescript';
import { isProduct, type Source } from '../source.ts';

const secretName = /token|password|secret|credential|privatekey|private-key|apikey|certificate|nonce/i;
const draws = new Set(['next', 'integer', 'fork']);

/**
 * What must stay secret is never drawn from the seeded `Random`: not in a file that is about secrets, not in a function or
 * variable named after one, and not in the HTTP server.
 */
export function secretChance(sources: readonly Source[]): readonly string[] {
  return sources.filter(isProduct).flatMap((source) => [...inFile(source)]);
}

function* inFile(source: Source): Generator<string> {
  const base = source.path.slice(source.path.lastIndexOf('/') + 1);
  // The kind Secret is an object like any other: its file is not about making secrets.
  const aboutSecrets = source.path.startsWith('src/server/') || (secretName.test(base) && !source.path.startsWith('src/kinds/'));
  for (const node of source.nodes()) {
    if (aboutSecrets && ts.isImportSpecifier(node) && /^(Random|SeededRandom)$/.test((node.propertyName ?? node.name).text)) {
      yield `${source.at(node)}: ${node.name.text}: secrets come from SecureRandom`;
    }
    if (ts.isCallExpression(node) && drawsSeeded(node) && secretOwner(node) !== undefined) {
      yield `${source.at(node)}: ${node.expression.getText()} in ${secretOwner(node)}: secrets come from SecureRandom`;
    }
  }
}

function drawsSeeded(node: ts.CallExpression): boolean {
  if (!ts.isPropertyAccessExpression(node.expression) || !draws.has(node.expression.name.text)) return false;
  const receiver = node.expression.expression.getText();
  return /random$/i.test(receiver) && !/secure/i.test(receiver);
}

/** The function, method, variable or property around a node whose name speaks of a secret. */
function secretOwner(node: ts.Node): string | undefined {
  for (let outer: ts.Node = node.parent; !ts.isSourceFile(outer); outer = outer.parent) {
    const name = isNamed(outer) ? outer.name?.getText() : undefined;
    if (name !== undefined && secretName.test(name)) return name;
  }
  return undefined;
}

type Named = ts.FunctionLikeDeclaration | ts.VariableDeclaration | ts.PropertyAssignment | ts.PropertyDeclaration;

function isNamed(node: ts.Node): node is Named {
  const isVariable = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node);
  return isVariable || ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node);
}
