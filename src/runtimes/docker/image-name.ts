/** An image's name, taken apart as the docker command line does it. */
export interface ImageName {
  /** `docker.io` unless the name has one. */
  readonly registry: string;
  /** Without the registry: `library/busybox`. */
  readonly repository: string;
  /** What the engine calls `fromImage`: with the registry, without tag and digest. */
  readonly base: string;
  /** A tag, or a digest (`sha256:...`); `latest` if the name has neither. */
  readonly reference: string;
}

/** Source: https://docs.docker.com/reference/cli/docker/image/tag/#description */
export function parseImageName(name: string): ImageName {
  const [withTag = '', digest] = name.split('@');
  const slash = withTag.lastIndexOf('/');
  const colon = withTag.indexOf(':', slash + 1);
  const base = colon < 0 ? withTag : withTag.slice(0, colon);
  const tag = colon < 0 ? undefined : withTag.slice(colon + 1);
  const [first = '', ...rest] = base.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? rest.join('/') : base;
  const registry = hasRegistry ? first : 'docker.io';
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  return { registry, repository, base, reference: digest ?? tag ?? 'latest' };
}
