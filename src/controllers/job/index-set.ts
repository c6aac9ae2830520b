/* The indexes of an Indexed Job as Kubernetes writes them: `0,2-4,9`. */

/** Every index below `end` that the text names. */
export function parseIndexes(text: string | undefined, end: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const last = Math.min(Number(match[2] ?? match[1]), end - 1);
    for (let index = Number(match[1]); index <= last; index++) indexes.add(index);
  }
  return indexes;
}

/** In order, neighbours joined: three and more as a range, two as a list. */
export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = [];
  let first: number | undefined;
  let last = 0;
  const flush = (): void => {
    if (first === undefined) return;
    if (last === first) parts.push(String(first));
    else parts.push(last - first === 1 ? `${first},${last}` : `${first}-${last}`);
  };
  for (const index of [...indexes].sort((a, b) => a - b)) {
    if (first !== undefined && index === last + 1) last = index;
    else {
      flush();
      first = index;
      last = index;
    }
  }
  flush();
  return parts.join(',');
}
