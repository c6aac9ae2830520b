interface Held {
  nodes: number;
  /** Of all that have it or had it while others had it too. */
  largest: number;
}

/** How many nodes have each image, and how large it is. */
export class ImageCensus {
  readonly #images = new Map<string, Held>();

  nodesWith(image: string): number {
    return this.#images.get(image)?.nodes ?? 0;
  }

  /** No node's image of this name is larger, in bytes. */
  largest(image: string): number {
    return this.#images.get(image)?.largest ?? 0;
  }

  /** A node's images, with their sizes, changed. */
  replace(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): void {
    for (const [image, bytes] of after) {
      const held = this.#images.get(image);
      if (held === undefined) this.#images.set(image, { nodes: 1, largest: bytes });
      else {
        held.nodes++;
        held.largest = Math.max(held.largest, bytes);
      }
    }
    for (const image of before.keys()) {
      const held = this.#images.get(image);
      if (held !== undefined && --held.nodes === 0) this.#images.delete(image);
    }
  }
}
