import { isTypeScript, type Source } from '../source.ts';

const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

/** What is not done is not there: no notes to oneself. */
export function unfinished(sources: readonly Source[]): readonly string[] {
  const found: string[] = [];
  for (const { path, text } of sources.filter(isTypeScript)) {
    for (const [index, line] of text.split('\n').entries()) {
      const match = marks.exec(line);
      if (match !== null) found.push(`${path}:${index + 1}: ${match[0]}`);
    }
  }
  return found;
}
