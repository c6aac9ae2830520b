import ts from 'typescript';
import { isProduct, type Source } from './source.ts';

/** `STORE_LOCKED`, `CLOSED`. */
const code = /^[A-Z][A-Z0-9_]{3,}$/;

const prefixed = /^(STORE|RUNTIME|WAIT)_[A-Z0-9_]+$/;

/** Every code an error of the package can carry: the literals given to an error's constructor, and `API_<reason>`. */
export function codesInSources(sources: readonly Source[]): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const source of sources.filter(isProduct)) {
    for (const node of source.nodes()) {
      // The prefixes say what they are wherever they stand: in a table of codes, in a function that chooses one.
      if (ts.isStringLiteralLike(node) && prefixed.test(node.text)) codes.add(node.text);
      if (!isErrorCall(node)) continue;
      for (const argument of node.arguments ?? []) for (const literal of literals(argument)) if (code.test(literal)) codes.add(literal);
      const [status, reason] = node.arguments ?? [];
      if (status !== undefined && /^\d{3}$/.test(status.getText()) && reason !== undefined) {
        for (const text of literals(reason)) if (/^[A-Z]\w+$/.test(text)) codes.add(`API_${text}`);
      }
    }
  }
  return codes;
}

function isErrorCall(node: ts.Node): node is ts.NewExpression | ts.CallExpression {
  if (ts.isNewExpression(node)) return ts.isIdentifier(node.expression) && node.expression.text.endsWith('Error');
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
}

/** The text literals of an expression, both branches of a condition included. */
function literals(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  return [];
}

/** The classes of `src/errors.ts`. */
export function errorClasses(source: Source): readonly string[] {
  return source.tree.statements.filter(ts.isClassDeclaration).map((node) => node.name?.text ?? '');
}

/** The first column of a table of `docs/errors.md` under a heading: what stands in backquotes. */
export function firstColumn(markdown: string, heading: string): readonly string[] {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(heading));
  if (section === undefined) throw new Error(`docs/errors.md: expected a section "${heading}"`);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name ?? '');
}
