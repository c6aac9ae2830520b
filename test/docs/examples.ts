import { join } from 'node:path';
import ts from 'typescript';
import { entryPoints, importName } from '../../scripts/entry-points.ts';
import { isProduct, Source } from '../house/source.ts';

/** A piece of TypeScript in a page or a docstring. */
export interface Example {
  /** `README.md:12`. */
  readonly at: string;
  readonly text: string;
}

const fence = /^( *(?:\* ?)?)```ts[^\n]*\n([\s\S]*?)^ *(?:\* ?)?```/gm;

/** What a reader is assumed to have at hand where an example shows only a few lines: variable -> class. */
const given: Readonly<Record<string, string>> = {
  cluster: 'Cluster',
  namespace: 'Namespace',
  node: 'Node',
  pod: 'Pod',
  rc: 'ReplicationController',
  service: 'Service',
};

/** Every ` ```ts ` block of the pages and of docstrings in `src/`, and every `@example` that is plain code. */
export function examples(sources: readonly Source[]): readonly Example[] {
  return sources.flatMap((source) => {
    if (source.path.endsWith('.md') && !source.path.startsWith('docs/api/')) return fenced(source, source.text, 0);
    if (!isProduct(source)) return [];
    return [...source.text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => inComment(source, comment[0], comment.index));
  });
}

function inComment(source: Source, text: string, offset: number): readonly Example[] {
  const found = fenced(source, text, offset);
  if (found.length > 0) return found;
  const example = /@example[^\S\n]*\n([\s\S]*?)(?=^ *\* @|\*\/)/m.exec(text);
  return example?.[1] === undefined ? [] : [{ at: lineOf(source, offset + example.index), text: unstar(example[1]) }];
}

function fenced(source: Source, text: string, offset: number): readonly Example[] {
  return [...text.matchAll(fence)].map((match) => ({ at: lineOf(source, offset + match.index), text: unstar(match[2] ?? '') }));
}

const unstar = (text: string): string => text.replace(/^ *\* ?/gm, '').replace(/^ +\/?$/gm, '');

function lineOf(source: Source, index: number): string {
  return `${source.path}:${source.text.slice(0, index).split('\n').length}`;
}

/** Type-checks the examples against the sources, as if each were a module of its own; `README.md:12: message` for what is wrong. */
export function mistakes(found: readonly Example[], root: string): readonly string[] {
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}/tsconfig.json`, (file) => ts.sys.readFile(file)).config,
    ts.sys,
    root,
  );
  const options: ts.CompilerOptions = {
    ...config.options,
    noEmit: true,
    skipLibCheck: true,
    verbatimModuleSyntax: false,
    isolatedModules: false,
  };
  const files = new Map(found.map((example, i) => [`${root}/examples/from-docs-${i}.ts`, example]));
  const host = ts.createCompilerHost(options, true);
  const { readFile, fileExists } = host;
  host.fileExists = (file) => files.has(file) || fileExists.call(host, file);
  host.readFile = (file) => textOf(files.get(file), root) ?? readFile.call(host, file);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([file, { at }]) => {
    const source = program.getSourceFile(file);
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return diagnostics.map((diagnostic) => `${at}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`);
  });
}

/**
 * An example of a page that has imports stands for itself. Other lines are read with the imports they would need: from the file whose
 * docstring it is, then from the package's entries, then from where that file has them.
 */
function textOf(example: Example | undefined, root: string): string | undefined {
  if (example === undefined) return undefined;
  if (example.at.includes('.md:') && /^import\b/m.test(example.text)) return `${example.text}\nexport {};\n`;
  const { used, declared } = namesIn(example.text);
  const added = [...used].filter((name) => !declared.has(name)).map((name) => importOf(name, example.at.replace(/:\d+$/, ''), root));
  return `${added.join('\n')}\n${example.text}\nexport {};\n`;
}

function importOf(name: string, file: string, root: string): string {
  if (name === 'test' || name === 'expect') return `import { ${name} } from 'vitest';`;
  const places = [...(file.startsWith('src/') ? [[`../${file}`, file] as const] : []), ...Object.entries(entryPoints)];
  const place = places.find(([, source]) => exportsOf(join(root, source)).has(name));
  if (place !== undefined)
    return `import { ${name} } from '${place[0].startsWith('.') && place[0].endsWith('.ts') ? place[0] : importName(place[0])}';`;
  const borrowed = file.startsWith('src/') ? importedFrom(name, join(root, file)) : undefined;
  if (borrowed !== undefined) return `import { ${name} } from '../${join(file, '..', borrowed)}';`;
  if (!Object.hasOwn(given, name)) return '';
  const type = given[name] ?? '';
  if (exportsOf(join(root, 'src/index.ts')).has(type)) return `declare const ${name}: import('coxswain').${type};`;
  return `declare const ${name}: import('../src/api/object.ts').Stored<import('../src/api/generated/models.ts').${type}Manifest>;`;
}

function namesIn(text: string): { readonly used: ReadonlySet<string>; readonly declared: ReadonlySet<string> } {
  const source = new Source('example.ts', text);
  const used = new Set<string>();
  const declared = new Set<string>();
  for (const node of source.nodes()) {
    if (!ts.isIdentifier(node)) continue;
    const isDeclared =
      'name' in node.parent &&
      node.parent.name === node &&
      !ts.isPropertyAccessExpression(node.parent) &&
      !ts.isPropertyAssignment(node.parent);
    (isDeclared ? declared : used).add(node.text);
  }
  return { used, declared };
}

/** Where a file imports a name from, as it says it. */
function importedFrom(name: string, file: string): string | undefined {
  for (const statement of new Source(file, ts.sys.readFile(file) ?? '').tree.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    const has = bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.some((element) => element.name.text === name);
    if (has && statement.moduleSpecifier.text.startsWith('.')) return statement.moduleSpecifier.text;
  }
  return undefined;
}

/** The names a file exports, by its text alone. */
function exportsOf(file: string): ReadonlySet<string> {
  const names = new Set<string>();
  if (!ts.sys.fileExists(file)) return names;
  for (const statement of new Source(file, ts.sys.readFile(file) ?? '').tree.statements) {
    if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)) {
      for (const element of statement.exportClause.elements) names.add(element.name.text);
    }
    if (!ts.canHaveModifiers(statement) || ts.getModifiers(statement)?.[0]?.kind !== ts.SyntaxKind.ExportKeyword) continue;
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) names.add(name.getText());
    else if ('name' in statement) names.add((statement as ts.InterfaceDeclaration).name.text);
  }
  return names;
}
