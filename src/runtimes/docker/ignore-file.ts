/** True for the path (of the build's folder, with `/`) if it is left out. */
export type Ignore = (path: string) => boolean;

function expressionOf(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/?|\*|\?|\[[^\]]*\]|[.+^${}()|\\/]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('[') ? part : `\\${part}`;
  });
  // What a folder's pattern leaves out it leaves out with all that is in it.
  return new RegExp(`^${source}(?:/.*)?$`);
}

/**
 * Reads a `.dockerignore`: a pattern a line, of which the last that matches decides; `!` takes back in.
 * Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function readIgnoreFile(text: string): Ignore {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const takesIn = line.startsWith('!');
      const pattern = (takesIn ? line.slice(1).trim() : line).replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
      return { takesIn, expression: expressionOf(pattern) };
    });
  return (path) => {
    const last = rules.findLast(({ expression }) => expression.test(path));
    return last !== undefined && !last.takesIn;
  };
}
