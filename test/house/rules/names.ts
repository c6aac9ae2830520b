import ts from 'typescript';
import { isProduct, isTypeScript, type Source } from '../source.ts';

const drains = /(^|\/)(types?|utils?|helpers?|common|misc|shared|lib)(\.ts$|\/)/;
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/;
const folders = /^(src|test|bench|examples|scripts)\//;

/** No drain into which everything runs; files in kebab-case; a class lives in the file of its name. */
export function names(sources: readonly Source[]): readonly string[] {
  return sources.filter((source) => isTypeScript(source) && folders.test(source.path)).flatMap((source) => [...inFile(source)]);
}

function* inFile(source: Source): Generator<string> {
  const { path } = source;
  // `test/types/` holds what must not compile; the word is its subject there.
  if (drains.test(path) && !path.startsWith('test/types/'))
    yield `${path}: a name that says nothing: name it after what it does, or put it with its only user`;
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (!kebab.test(base.replace(/\.ts$/, ''))) yield `${path}: file names are in kebab-case`;
  if (!isProduct(source) || path === 'src/errors.ts') return;
  const classes = exportedClasses(source);
  const words = base.replace(/\.ts$/, '').split('-');
  if (classes.length > 0 && !classes.some((name) => words.some((word) => name.toLowerCase().includes(word)))) {
    yield `${path}: exports the class ${classes.join(', ')}, none of which has the file's name`;
  }
}

function exportedClasses(source: Source): readonly string[] {
  return source.tree.statements
    .filter(ts.isClassDeclaration)
    .filter((node) => (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0)
    .map((node) => node.name?.text ?? 'default');
}
