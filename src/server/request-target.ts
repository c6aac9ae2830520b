/** Path and query of a request, as they stand in its first line. */
export interface RequestTarget {
  /** Not decoded, and not tidied up: what tries to climb is seen as it is. */
  readonly pathname: string;
  /** With its question mark; '' for none. */
  readonly search: string;
  readonly searchParams: URLSearchParams;
}

/** Takes a request's target apart; never throws. The absolute form of proxies (`http://host/path`) loses its host. */
export function requestTarget(target: string | undefined): RequestTarget {
  const given = (target ?? '/').replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const at = given.indexOf('?');
  const pathname = at < 0 ? given : given.slice(0, at);
  const search = at < 0 ? '' : given.slice(at);
  return { pathname: pathname.startsWith('/') ? pathname : `/${pathname}`, search, searchParams: new URLSearchParams(search) };
}
