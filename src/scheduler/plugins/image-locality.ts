import type { NodeInfo } from '../node-info.ts';
import type { NodeClasses, SchedulerPlugin } from '../plugin.ts';
import type { SchedulerCache } from '../scheduler-cache.ts';

const mebibyte = 1024 * 1024;
/** Less than this to be saved is worth nothing, more than `maxPerContainer` for each container no more. */
const minBytes = 23 * mebibyte;
const maxPerContainerBytes = 1_000 * mebibyte;

interface Wanted {
  readonly image: string;
  /** The part of the nodes that has it: an image that is everywhere decides nothing, one that is rare must not draw all. */
  readonly spread: number;
}

interface State {
  readonly wanted: readonly Wanted[];
  readonly maxBytes: number;
}

/** Nodes that have the same of some images, by size, are one class. */
class ImageClasses implements NodeClasses {
  readonly #images: readonly string[];
  readonly #cache: SchedulerCache;
  readonly #numbers = new Map<string, number>();
  /** By class: a node of it. */
  readonly #sizes: ReadonlyMap<string, number>[] = [];

  constructor(images: readonly string[], cache: SchedulerCache) {
    this.#images = images;
    this.#cache = cache;
  }

  classOf(index: number): number {
    const has = this.#cache.nodeAt(index)?.images;
    const sizes = this.#images.map((image) => has?.get(image) ?? 0);
    const key = sizes.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sizes.push(new Map(this.#images.map((image, i) => [image, sizes[i]!]))) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  /** The sizes of the images on the nodes of a class. */
  sizes(nodeClass: number): ReadonlyMap<string, number> {
    return this.#sizes[nodeClass]!;
  }
}

/** The classes by a pod's images, for each cache: the same question is the same object. */
class KnownClasses {
  readonly #byCache = new WeakMap<SchedulerCache, Map<string, ImageClasses>>();

  of(images: readonly string[], cache: SchedulerCache): ImageClasses {
    let known = this.#byCache.get(cache);
    if (known === undefined) this.#byCache.set(cache, (known = new Map()));
    const key = images.join();
    let classes = known.get(key);
    if (classes === undefined) {
      if (known.size >= knownMax) known.clear();
      known.set(key, (classes = new ImageClasses(images, cache)));
    }
    return classes;
  }
}

const knownMax = 1_000;

/**
 * Prefers nodes that have the pod's images already, the larger the better.
 *
 * Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 */
export function imageLocality(): SchedulerPlugin<undefined, State> {
  const known = new KnownClasses();
  return {
    name: 'ImageLocality',
    preScore: ({ shape }, cache) => {
      const images = shape.images.map(normalized);
      const wanted = images.flatMap((image) => {
        const nodes = cache.images.nodesWith(image);
        return nodes === 0 ? [] : [{ image, spread: nodes / cache.nodeCount }];
      });
      const state = { wanted, maxBytes: maxPerContainerBytes * images.length };
      // Images so small (or so rare) that no node gets anything for them.
      const most = wanted.reduce((sum, { image, spread }) => sum + cache.images.largest(image) * spread, 0);
      if (wanted.length === 0 || scoreOf(most, state) === 0) return { skip: true };
      const classes = known.of(images, cache);
      return {
        state,
        sparse: {
          classes: [classes],
          score: (classOf) => score(classes.sizes(classOf(classes)), state),
          normalized: (given) => given,
        },
      };
    },
    score: (_pod, { images }, state) => score(images, state),
  };
}

function score(images: NodeInfo['images'] | undefined, state: State): number {
  if (images === undefined || images.size === 0) return 0;
  let bytes = 0;
  for (const { image, spread } of state.wanted) bytes += Math.trunc((images.get(image) ?? 0) * spread);
  return scoreOf(bytes, state);
}

function scoreOf(bytes: number, { maxBytes }: State): number {
  const bounded = Math.min(Math.max(bytes, minBytes), maxBytes);
  return maxBytes <= minBytes ? 0 : Math.trunc((100 * (bounded - minBytes)) / (maxBytes - minBytes));
}

/** A name without a tag means the tag `latest`. */
export function normalized(image: string): string {
  return image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;
}
