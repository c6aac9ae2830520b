import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');
const notOurs = new Set(['.git', 'node_modules', 'dist', 'coverage', 'docs-api', '.tmp', '.coxswain']);

/** A text file of the repository. A rule judges a list of these, so that a test can hand it a list it made up. */
export class Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  #tree: ts.SourceFile | undefined;
  #nodes: readonly ts.Node[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  get tree(): ts.SourceFile {
    this.#tree ??= ts.createSourceFile(this.path, this.text, ts.ScriptTarget.ESNext, true);
    return this.#tree;
  }

  get lines(): number {
    return this.text.split('\n').length - (this.text.endsWith('\n') ? 1 : 0);
  }

  /** `src/errors.ts:12`, for messages. */
  at(node: ts.Node): string {
    return `${this.path}:${this.tree.getLineAndCharacterOfPosition(node.getStart(this.tree)).line + 1}`;
  }

  /** Every node of the file, parents before children. */
  nodes(): readonly ts.Node[] {
    if (this.#nodes === undefined) {
      const nodes: ts.Node[] = [];
      const visit = (node: ts.Node): void => {
        nodes.push(node);
        ts.forEachChild(node, visit);
      };
      visit(this.tree);
      this.#nodes = nodes;
    }
    return this.#nodes;
  }
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (notOurs.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}

const isText = /\.(ts|mts|cts|js|mjs|cjs|json|md|ya?ml|sh|txt|html|css)$|(^|\/)(\.ci\/[^/.]+|LICENSE|NOTICE|\.[a-z]+(ignore|rc))$/;

/** Every text file that belongs to the repository, generated code included. */
export function repository(): readonly Source[] {
  return [...walk(root)]
    .map((path) => relative(root, path).replaceAll('\\', '/'))
    .filter((path) => isText.test(path) && path !== 'package-lock.json')
    .map((path) => new Source(path, readFileSync(join(root, path), 'utf8')));
}

export const isTypeScript = ({ path }: Source): boolean => /\.(ts|mts|cts)$/.test(path);
export const isGenerated = ({ path }: Source): boolean => path.includes('/generated/');
/** What ships: everything under `src/` that a person wrote. */
export const isProduct = (source: Source): boolean => source.path.startsWith('src/') && isTypeScript(source) && !isGenerated(source);
