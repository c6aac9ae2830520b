/** A leaf is split when it grows beyond this; small enough for a cheap insert, large enough for few leaves. */
const leafSize = 512;

/** The position of the first key in `keys` that is greater than `key` (or not less than it, if `inclusive`). */
function bound(keys: readonly string[], key: string, inclusive: boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys[middle]!;
    if (at < key || (!inclusive && at === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The keys of a store in the order of UTF-16 code units: a two-level sorted list, cheap to insert into and to scan. */
export class KeyIndex {
  readonly #leaves: string[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a key that is not there yet. */
  add(key: string): void {
    const last = this.#leaves.length - 1;
    const newest = this.#leaves[last]!.at(-1);
    // Keys often come in order: when a store is read, and when a counter is part of their name.
    const at = newest !== undefined && newest < key ? last : this.#leafFor(key);
    const leaf = this.#leaves[at]!;
    this.#size++;
    if (leaf.length === 0 || leaf[leaf.length - 1]! < key) leaf.push(key);
    else leaf.splice(bound(leaf, key, true), 0, key);
    if (leaf.length > leafSize) this.#split(at, leaf, key);
  }

  /** Removes a key that is there. */
  delete(key: string): void {
    const at = this.#leafFor(key);
    const leaf = this.#leaves[at]!;
    const position = bound(leaf, key, true);
    if (leaf[position] !== key) return;
    leaf.splice(position, 1);
    this.#size--;
    if (leaf.length === 0 && this.#leaves.length > 1) this.#leaves.splice(at, 1);
  }

  /** Visits the keys that start with `prefix` and are greater than `after`, in order, until `visit` returns false. */
  scan(prefix: string, after: string | undefined, visit: (key: string) => boolean): void {
    const exclusive = after !== undefined && after >= prefix;
    const from = exclusive ? after : prefix;
    let at = this.#leafFor(from);
    let position = bound(this.#leaves[at]!, from, !exclusive);
    for (; at < this.#leaves.length; at++, position = 0) {
      const leaf = this.#leaves[at]!;
      for (; position < leaf.length; position++) {
        const key = leaf[position]!;
        if (!key.startsWith(prefix) || !visit(key)) return;
      }
    }
  }

  /** How many keys start with `prefix` and are greater than `after`; costs no visit of them. */
  count(prefix: string, after?: string): number {
    const exclusive = after !== undefined && after >= prefix;
    const first = this.#rank(exclusive ? after : prefix, !exclusive);
    const end = prefix === '' ? this.#size : this.#rank(`${prefix}\uffff`, true);
    return Math.max(0, end - first);
  }

  #rank(key: string, inclusive: boolean): number {
    const at = this.#leafFor(key);
    let rank = bound(this.#leaves[at]!, key, inclusive);
    for (let i = 0; i < at; i++) rank += this.#leaves[i]!.length;
    return rank;
  }

  /** The last leaf whose first key is not greater than `key`; the first leaf if there is none. */
  #leafFor(key: string): number {
    const leaves = this.#leaves;
    let low = 0;
    let high = leaves.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (leaves[middle]![0]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #split(at: number, leaf: string[], added: string): void {
    // Keys that arrive in order fill their leaf; a half-empty one behind each split would waste memory.
    const inOrder = leaf[leaf.length - 1] === added;
    const cut = inOrder ? leaf.length - 1 : leaf.length >>> 1;
    this.#leaves.splice(at + 1, 0, leaf.splice(cut));
  }
}
