import ts from 'typescript';
import { isProduct, type Source } from '../source.ts';

const globals = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const members: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now', 'timeOrigin'],
  process: ['hrtime', 'uptime'],
  AbortSignal: ['timeout'],
  crypto: ['randomUUID', 'getRandomValues', 'randomBytes', 'randomInt', 'randomFill', 'randomFillSync', 'webcrypto'],
};
const imports: Readonly<Record<string, readonly string[] | 'all'>> = {
  'node:timers': 'all',
  'node:timers/promises': 'all',
  'node:perf_hooks': 'all',
  'node:crypto': members.crypto!,
};

/** Time and chance come from `env/`: nothing else may ask the machine for them. */
export function bannedCalls(sources: readonly Source[]): readonly string[] {
  return sources
    .filter((source) => isProduct(source) && !/^src\/env\/system-[^/]+\.ts$/.test(source.path))
    .flatMap((source) => [...inFile(source)]);
}

function* inFile(source: Source): Generator<string> {
  for (const node of source.nodes()) {
    const found = banned(node);
    if (found !== undefined) yield `${source.at(node)}: ${found}: take a Clock, Random or SecureRandom from the caller (src/env)`;
  }
}

function banned(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && globals.has(node.text) && !isName(node)) return node.text;
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && members[node.expression.text]?.includes(node.name.text)) {
    return `${node.expression.text}.${node.name.text}`;
  }
  if (ts.isNewExpression(node) && isDate(node.expression) && (node.arguments?.length ?? 0) === 0) return 'new Date()';
  if (ts.isCallExpression(node) && isDate(node.expression)) return 'Date()';
  if (ts.isImportDeclaration(node)) return bannedImport(node);
  return undefined;
}

const isDate = (node: ts.Expression): boolean => ts.isIdentifier(node) && node.text === 'Date';

/** True where an identifier only names a member or a declaration, as in `timers.setTimeout` or `{ setTimeout: 1 }`. */
function isName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent))
    return parent.name === node && !(ts.isIdentifier(parent.expression) && parent.expression.text === 'globalThis');
  if (ts.isTypeQueryNode(parent) || ts.isImportSpecifier(parent)) return true;
  return (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) &&
    parent.name === node
  );
}

function bannedImport(node: ts.ImportDeclaration): string | undefined {
  if (!ts.isStringLiteral(node.moduleSpecifier) || node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return undefined;
  const names = imports[node.moduleSpecifier.text.replace(/^(?!node:)/, 'node:')];
  if (names === undefined) return undefined;
  const from = node.moduleSpecifier.text;
  if (names === 'all') return `import from '${from}'`;
  const bindings = node.importClause?.namedBindings;
  if (bindings === undefined || !ts.isNamedImports(bindings)) return `import of all of '${from}'`;
  const name = bindings.elements.map((element) => (element.propertyName ?? element.name).text).find((text) => names.includes(text));
  return name === undefined ? undefined : `import { ${name} } from '${from}'`;
}
