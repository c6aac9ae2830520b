import ts from 'typescript';
import { isGenerated, isTypeScript, type Source } from '../source.ts';

// Written so that this file does not find itself.
const directives = new RegExp(`@ts-(${['ignore', 'nocheck', 'expect-error'].join('|')})`);

/** The types are the truth or they are wrong: no `any`, and no comment that switches the checker off. */
export function typeEscapes(sources: readonly Source[]): readonly string[] {
  return sources.filter((source) => isTypeScript(source) && !isGenerated(source)).flatMap((source) => [...inFile(source)]);
}

function* inFile(source: Source): Generator<string> {
  for (const node of source.nodes()) {
    if (node.kind === ts.SyntaxKind.AnyKeyword) yield `${source.at(node)}: any: say what it is, or unknown and look`;
  }
  for (const [index, line] of source.text.split('\n').entries()) {
    const found = directives.exec(line)?.[0];
    const allowed = found === '@ts-expect-error' && source.path.startsWith('test/types/');
    if (found !== undefined && !allowed && /^\s*(\/\/|\/\*|\*)/.test(line))
      yield `${source.path}:${index + 1}: ${found}: correct the types instead`;
  }
}
