import type { ListQuery } from '../api/client.ts';
import { FieldErrors } from '../api/field-errors.ts';
import { ApiError, BadRequestError, ExpiredError, InvalidError, ParseError } from '../errors.ts';

/** The query parameters of lists and watches. */
export interface ListParameters {
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly limit: number | undefined;
  readonly continueAt: { readonly revision: number; readonly after: string } | undefined;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly watch: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text)) throw new BadRequestError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}

const truth = (text: string | null): boolean =>
  text !== null && text !== 'false' && text !== '0' && text !== 'False' && text !== 'f' && text !== 'F';

/** Reads the parameters; throws `BadRequestError` or `InvalidError` in Kubernetes' words. */
export function listParameters(query: URLSearchParams): ListParameters {
  const resourceVersion = query.get('resourceVersion') ?? '';
  const resourceVersionMatch = query.get('resourceVersionMatch') ?? '';
  const token = query.get('continue') ?? '';
  const watch = truth(query.get('watch'));
  const limit = count(query, 'limit');
  const initial = query.get('sendInitialEvents');
  if (resourceVersion !== '' && !/^\d+$/.test(resourceVersion)) throw invalidVersion(resourceVersion);
  checkMatch(watch, resourceVersion, resourceVersionMatch, token, initial);
  return {
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
    limit: limit === undefined || limit <= 0 ? undefined : limit,
    continueAt: token === '' ? undefined : decodeContinue(token),
    resourceVersion,
    resourceVersionMatch,
    watch,
    timeoutSeconds: count(query, 'timeoutSeconds'),
    bookmarks: truth(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : truth(initial),
  };
}

const invalidVersion = (text: string): ApiError =>
  new ApiError(
    500,
    '',
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    undefined,
    { retryable: false },
  );

function checkMatch(watch: boolean, resourceVersion: string, match: string, token: string, initial: string | null): void {
  const errors = new FieldErrors();
  if (watch) {
    if (match !== '' && initial === null)
      errors.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    if (initial !== null && match !== 'NotOlderThan')
      errors.forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  } else {
    if (initial !== null) errors.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list');
    if (match !== '' && token !== '')
      errors.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
    if (match !== '' && resourceVersion === '')
      errors.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (match === 'Exact' && resourceVersion === '0')
      errors.forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan')
      errors.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']);
  }
  if (errors.empty) return;
  const texts = errors.causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  throw new InvalidError(`ListOptions.meta.k8s.io "" is invalid: ${list}`, {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes: errors.causes,
  });
}

/** The token that goes on with a list: the revision it is read at, and the last key that was given out. */
export function encodeContinue(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\u0000` })).toString('base64url');
}

function decodeContinue(token: string): { revision: number; after: string } {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as { v: unknown; rv: unknown; start: unknown };
    if (v === 'meta.k8s.io/v1' && typeof rv === 'number' && typeof start === 'string')
      return { revision: rv, after: start.replace(/\u0000$/, '') };
  } catch {
    // Said below, in one place for all that is wrong with a token.
  }
  // Of a last group of one character base64 makes nothing.
  const wrong = /[^A-Za-z0-9_-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined);
  const why = wrong === undefined ? 'it was not made by this server' : `illegal base64 data at input byte ${wrong}`;
  throw new BadRequestError(`invalid continue token: continue key is not valid: ${why}`);
}

/** The query of a list as the selection understands it; selectors that cannot be read are refused in Kubernetes' words. */
export function selectionOf({ labelSelector, fieldSelector }: ListParameters, namespace: string | undefined): ListQuery {
  return {
    namespace,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

/** What a selector that cannot be parsed is answered with. */
export function unreadableSelector(error: unknown): unknown {
  return error instanceof ParseError ? new BadRequestError(error.message) : error;
}

export function tooOldToContinue(): ExpiredError {
  return new ExpiredError(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
  );
}
