import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAndSwapModel, type KeyInput, type KeyOutput } from '../../src/testing/compare-and-swap-model.ts';
import { isLinearizable, type Operation } from '../../src/testing/linearizability.ts';

type KeyOperation = Operation<KeyInput, KeyOutput>;

const put = (call: number, end: number, expected: number, written: number, output: KeyOutput | undefined): KeyOperation => ({
  input: { type: 'put', expected, written },
  output,
  call,
  end,
});
const get = (call: number, end: number, written: number, revision: number): KeyOperation => ({
  input: { type: 'get' },
  output: { found: written === 0 ? undefined : { written, revision }, refused: false },
  call,
  end,
});
const check = (...operations: KeyOperation[]): boolean => isLinearizable(compareAndSwapModel, operations);

describe('isLinearizable with compare-and-swap on one key', () => {
  it('accepts a read that overlaps a write on either side of it', () => {
    expect(check(put(1, 6, 0, 1, { made: 5 }), get(2, 3, 0, 0))).toBe(true);
    expect(check(put(1, 6, 0, 1, { made: 5 }), get(2, 3, 1, 5))).toBe(true);
  });

  it('refuses a read that misses an acknowledged write', () => {
    expect(check(put(1, 2, 0, 1, { made: 5 }), get(3, 4, 0, 0))).toBe(false);
  });

  it('refuses a read that goes back behind another', () => {
    expect(check(put(1, 9, 0, 1, { made: 5 }), get(2, 3, 1, 5), get(4, 5, 0, 0))).toBe(false);
  });

  it('refuses two winners of one compare', () => {
    expect(check(put(1, 4, 0, 1, { made: 5 }), put(2, 3, 0, 2, { made: 6 }))).toBe(false);
  });

  it('refuses a refusal whose compare held', () => {
    expect(check(put(1, 2, 0, 1, { found: undefined, refused: true }))).toBe(false);
  });

  it('lets a write of unknown outcome take effect late, or never, but not twice', () => {
    const unknown = put(1, 0, 0, 1, undefined);
    expect(check(unknown, get(2, 3, 0, 0), get(4, 5, 1, 7))).toBe(true);
    expect(check(unknown, get(2, 3, 0, 0))).toBe(true);
    expect(check(unknown, get(2, 3, 1, 7), get(4, 5, 0, 0))).toBe(false);
    expect(check(unknown, get(2, 3, 1, 7), get(4, 5, 1, 8))).toBe(false);
  });

  it('accepts every history that was made by overlapping a sequential one, and refuses it with one read moved past a write', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(8), fc.nat(8)), { minLength: 2, maxLength: 40 }), (steps) => {
        const operations: KeyOperation[] = [];
        let [written, revision] = [0, 0];
        for (const [index, [isPut, early, late]] of steps.entries()) {
          const at = (index + 1) * 10;
          const span = [at - early * 3, at + 1 + late * 3] as const;
          if (isPut) {
            operations.push(put(...span, revision, index + 1, { made: index + 1 }));
            [written, revision] = [index + 1, index + 1];
          } else operations.push(get(...span, written, revision));
        }
        expect(check(...operations)).toBe(true);
        const end = (steps.length + 10) * 10;
        const lastPut = put(end, end + 1, revision, 1000, { made: 1000 });
        expect(check(...operations, lastPut, get(end + 2, end + 3, written, revision))).toBe(false);
      }),
    );
  });
});
