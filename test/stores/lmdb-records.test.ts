import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeChange, decodeEntry, encodeChange, encodeEntry, readEntry } from '../../src/stores/lmdb-records.ts';

const revision = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const value = fc.dictionary(fc.string(), fc.jsonValue());
/** JSON does not know -0, and a literal `__proto__` would set the prototype. */
const asJson = (made: object): object => JSON.parse(JSON.stringify(made)) as object;

it('an entry comes back as it was, with the stamp of its revision', () => {
  fc.assert(
    fc.property(revision, revision, value, (at, created, content) => {
      const bytes = encodeEntry(at, created, content);
      expect(decodeEntry('/k', readEntry(bytes), undefined)).toEqual({
        key: '/k',
        value: asJson(content),
        revision: at,
        createRevision: created,
      });
      expect(decodeEntry('/k', readEntry(bytes), (_, stamped) => ({ stamped }), 7).value).toEqual({ stamped: 7 });
    }),
  );
});

it('a change comes back with what it replaced', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('put', 'delete'),
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.option(value, { nil: undefined }),
      (type, key, before) => {
        const raw = before === undefined ? undefined : encodeEntry(5, 3, before);
        const decoded = decodeChange(encodeChange(type, key, raw), undefined);
        expect([decoded.type, decoded.key, decoded.raw]).toEqual([type, key, raw]);
        expect(decoded.previous).toEqual(before && { key, value: asJson(before), revision: 5, createRevision: 3 });
      },
    ),
  );
});
