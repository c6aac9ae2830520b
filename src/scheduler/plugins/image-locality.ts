import type { NodeInfo } from '../node-info.ts';
import type { SchedulerPlugin } from '../plugin.ts';

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

/**
 * Prefers nodes that have the pod's images already, the larger the better.
 *
 * Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 */
export function imageLocality(): SchedulerPlugin<undefined, State> {
  return {
    name: 'ImageLocality',
    preScore: ({ shape }, cache) => {
      const wanted = shape.images.map(normalized).flatMap((image) => {
        const nodes = cache.images.nodesWith(image);
        return nodes === 0 ? [] : [{ image, spread: nodes / cache.nodeCount }];
      });
      return wanted.length === 0 ? { skip: true } : { state: { wanted, maxBytes: maxPerContainerBytes * shape.images.length } };
    },
    score: (_pod, node, state) => score(node, state),
  };
}

function score({ images }: NodeInfo, { wanted, maxBytes }: State): number {
  if (images.size === 0) return 0;
  let bytes = 0;
  for (const { image, spread } of wanted) bytes += Math.trunc((images.get(image) ?? 0) * spread);
  const bounded = Math.min(Math.max(bytes, minBytes), maxBytes);
  return maxBytes <= minBytes ? 0 : Math.trunc((100 * (bounded - minBytes)) / (maxBytes - minBytes));
}

/** A name without a tag means the tag `latest`. */
export function normalized(image: string): string {
  return image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;
}
