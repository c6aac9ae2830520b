import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseFrozen } from '../../src/stores/frozen-json.ts';

const isFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));

it('reads an object and freezes all of it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (made) => {
      const text = JSON.stringify(made);
      const read = parseFrozen(text);
      expect(JSON.stringify(read)).toBe(text);
      expect(isFrozen(read)).toBe(true);
    }),
  );
});

it('refuses what is no object', () => {
  for (const text of ['1', 'null', '"text"', '{', '']) expect(() => parseFrozen(text)).toThrow(SyntaxError);
});
