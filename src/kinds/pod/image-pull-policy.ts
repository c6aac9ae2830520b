/** The tag of an image reference; undefined if it cannot have one (no image, or pinned by digest without a tag). */
function tagOf(image: string): string | undefined {
  const [name = '', digest] = image.split('@', 2);
  if (name === '') return undefined;
  const lastPart = name.slice(name.lastIndexOf('/') + 1);
  const colon = lastPart.indexOf(':');
  if (colon >= 0) return lastPart.slice(colon + 1);
  return digest === undefined ? 'latest' : undefined;
}

/**
 * `Always` for the tag `latest`, given or implied, else `IfNotPresent`.
 * Source: https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting
 */
export function defaultImagePullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  return image !== undefined && tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent';
}
