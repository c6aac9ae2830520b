import type { Source } from '../source.ts';

// Spelt in pieces, so that this file does not find itself.
const words = [
  'clau' + 'de',
  'anthro' + 'pic',
  'chat' + 'gpt',
  'open' + 'ai',
  'copi' + 'lot',
  'language ' + 'model',
  'ai ' + 'assistant',
  'work' + 'tree',
];
const pattern = new RegExp(`\\b(${words.join('|')})\\b|(?<![\\w.-])/wor` + `k/(?:main|wt|shared|\\.library|[A-Z]+\\.md|land\\.sh)`, 'i');

/** The repository stands by itself: it names no place and no tool of those who work on it. */
export function workplace(sources: readonly Source[]): readonly string[] {
  const found: string[] = [];
  for (const { path, text } of sources) {
    for (const [index, line] of text.split('\n').entries()) {
      const match = pattern.exec(line);
      if (match !== null) found.push(`${path}:${index + 1}: "${match[0]}" says where or how this was made`);
    }
  }
  return found;
}
