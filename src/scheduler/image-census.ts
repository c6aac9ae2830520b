/** How many nodes have each image. */
export class ImageCensus {
  readonly #nodes = new Map<string, number>();

  nodesWith(image: string): number {
    return this.#nodes.get(image) ?? 0;
  }

  /** A node's images changed. */
  replace(before: Iterable<string>, after: Iterable<string>): void {
    for (const image of before) {
      const left = this.nodesWith(image) - 1;
      if (left > 0) this.#nodes.set(image, left);
      else this.#nodes.delete(image);
    }
    for (const image of after) this.#nodes.set(image, this.nodesWith(image) + 1);
  }
}
