import ts from 'typescript';
import { isProduct, type Source } from '../source.ts';

const mutators = new Set('set add delete clear push pop shift unshift splice sort reverse fill copyWithin'.split(' '));

/** Two clusters in one process never meet: a module holds nothing that changes, and does nothing by being imported. */
export function moduleState(sources: readonly Source[], programs: readonly string[] = []): readonly string[] {
  return sources.filter((source) => isProduct(source) && !programs.includes(source.path)).flatMap((source) => [...inFile(source)]);
}

function* inFile(source: Source): Generator<string> {
  const changed = changedNames(source);
  for (const statement of source.tree.statements) {
    if (
      ts.isExpressionStatement(statement) ||
      ts.isIfStatement(statement) ||
      ts.isIterationStatement(statement, false) ||
      ts.isTryStatement(statement)
    ) {
      yield `${source.at(statement)}: runs when the module is imported: put it into a function that the host calls`;
    }
    if (ts.isVariableStatement(statement)) yield* inVariables(source, statement, changed);
    if (ts.isClassDeclaration(statement)) yield* inStatics(source, statement);
  }
}

function* inVariables(source: Source, statement: ts.VariableStatement, changed: ReadonlySet<string>): Generator<string> {
  const constant = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
  for (const declaration of statement.declarationList.declarations) {
    if (!ts.isIdentifier(declaration.name)) continue;
    const name = declaration.name.text;
    if (!constant) yield `${source.at(declaration)}: ${name}: a module may not hold a variable: keep it in an object that somebody makes`;
    else if (changed.has(name))
      yield `${source.at(declaration)}: ${name}: is changed after it was made: keep it in an object that somebody makes`;
    else if (isEmptyCollection(declaration.initializer))
      yield `${source.at(declaration)}: ${name}: a collection that starts empty is there to be filled`;
    else if (isStickyRegExp(declaration.initializer) && usedAsMatcher(source, name)) {
      yield `${source.at(declaration)}: ${name}: a regular expression with the flag g or y remembers where it stopped: use matchAll or make it where it is used`;
    }
  }
}

function* inStatics(source: Source, node: ts.ClassDeclaration): Generator<string> {
  for (const member of node.members) {
    const flags = ts.getCombinedModifierFlags(member);
    if (ts.isPropertyDeclaration(member) && (flags & ts.ModifierFlags.Static) !== 0 && (flags & ts.ModifierFlags.Readonly) === 0) {
      yield `${source.at(member)}: a static field that is not readonly is module state`;
    }
    if (ts.isClassStaticBlockDeclaration(member)) yield `${source.at(member)}: a static block runs when the module is imported`;
  }
}

/** Names of this file that are assigned to or called with something that changes them. */
function changedNames(source: Source): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of source.nodes()) {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && mutators.has(node.expression.name.text)) {
      if (ts.isIdentifier(node.expression.expression)) addUnlessLocal(names, node.expression.expression);
    }
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
    ) {
      const target = node.left;
      if (ts.isElementAccessExpression(target) || ts.isPropertyAccessExpression(target)) {
        if (ts.isIdentifier(target.expression)) addUnlessLocal(names, target.expression);
      }
    }
  }
  return names;
}

/** A parameter or variable of an enclosing function hides the module's name. */
function addUnlessLocal(names: Set<string>, identifier: ts.Identifier): void {
  for (let scope: ts.Node = identifier.parent; !ts.isSourceFile(scope); scope = scope.parent) {
    if (declares(scope, identifier.text)) return;
  }
  names.add(identifier.text);
}

function declares(scope: ts.Node, name: string): boolean {
  const isIt = (declaration: { readonly name?: ts.Node }): boolean =>
    declaration.name !== undefined && new RegExp(`\\b${name}\\b`).test(declaration.name.getText());
  if (ts.isFunctionLike(scope)) return scope.parameters.some(isIt);
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    return scope.initializer !== undefined && ts.isVariableDeclarationList(scope.initializer) && scope.initializer.declarations.some(isIt);
  }
  if (ts.isBlock(scope) || ts.isCaseClause(scope)) {
    return scope.statements.some((statement) => ts.isVariableStatement(statement) && statement.declarationList.declarations.some(isIt));
  }
  return false;
}

function isEmptyCollection(node: ts.Expression | undefined): boolean {
  if (node === undefined) return false;
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0 && !frozen(node);
  return (
    ts.isNewExpression(node) && /^(Weak)?(Map|Set)$/.test(node.expression.getText()) && (node.arguments?.length ?? 0) === 0 && !frozen(node)
  );
}

/** `const none: readonly string[] = []` is an honest constant; so is one of a named type, which the compiler watches over. */
function frozen(node: ts.Expression): boolean {
  const declaration = node.parent;
  if (!ts.isVariableDeclaration(declaration) || declaration.type === undefined) return false;
  return /^(readonly |Readonly)|^\w+$/.test(declaration.type.getText());
}

function isStickyRegExp(node: ts.Expression | undefined): boolean {
  return node !== undefined && ts.isRegularExpressionLiteral(node) && /\/[a-z]*[gy][a-z]*$/.test(node.text);
}

function usedAsMatcher(source: Source, name: string): boolean {
  return new RegExp(`\\b${name}\\.(exec|test)\\(`).test(source.text);
}
