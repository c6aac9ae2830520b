/** How the end of a message body is known (RFC 9112, section 6.3). */
export type Framing =
  | { readonly type: 'none' }
  | { readonly type: 'length'; readonly bytes: number }
  | { readonly type: 'chunked' }
  /** Responses only: the body ends with the connection. */
  | { readonly type: 'until-close' };

export const noBody: Framing = { type: 'none' };
export const chunked: Framing = { type: 'chunked' };
export const untilClose: Framing = { type: 'until-close' };

/** What the proxy has to know of a head's fields; everything else is passed on as it came. */
export interface HeadFields {
  /** Lines to pass on: without those that concern one connection only (RFC 9110, section 7.6.1). */
  readonly kept: readonly string[];
  readonly hosts: number;
  /** Undefined: no Content-Length. */
  readonly contentLength: number | undefined;
  /** In lower case; undefined: no Transfer-Encoding. */
  readonly transferEncoding: string | undefined;
  /** Options of the Connection field, in lower case. */
  readonly connection: readonly string[];
  /** In lower case; '' if absent. */
  readonly upgrade: string;
  /** Seconds a peer says it keeps an idle connection; undefined if it does not. */
  readonly keepAliveSeconds: number | undefined;
}

/** Never inside a head: controls other than tab, a CR or an LF alone. Whoever accepts them disagrees with somebody else about where it ends. */
const forbidden = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const digits = /^\d{1,15}$/;
/** Fields a peer may not declare to be about the connection: without them the message would be another one. */
const indispensable = new Set(['content-length', 'transfer-encoding', 'host', 'connection']);
const none: readonly string[] = [];

/** Splits a head, end included, into its start line and field lines; undefined if it holds what no head may. */
export function splitHead(text: string): readonly string[] | undefined {
  if (forbidden.test(text)) return undefined;
  const lines = text.split('\r\n');
  // The two empty texts after the last line.
  lines.length -= 2;
  return lines;
}

/** Reads the field lines; a text says what is wrong with them. */
export function readFields(lines: readonly string[]): HeadFields | string {
  const kept: string[] = [];
  let hosts = 0;
  let contentLength: number | undefined;
  let transferEncoding: string | undefined;
  let connection = none;
  let upgrade = '';
  let keepAliveSeconds: number | undefined;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : line.slice(0, colon);
    // A blank before the colon, a folded line and an empty name all fail here.
    if (!token.test(name)) return 'a header line without a valid name';
    switch (interesting(name)) {
      case 'host':
        hosts++;
        break;
      case 'content-length': {
        const value = line.slice(colon + 1).trim();
        if (contentLength !== undefined || !digits.test(value)) return 'Content-Length is not one number';
        contentLength = Number(value);
        break;
      }
      case 'transfer-encoding':
        if (transferEncoding !== undefined) return 'more than one Transfer-Encoding';
        transferEncoding = line
          .slice(colon + 1)
          .trim()
          .toLowerCase();
        break;
      case 'connection':
        connection = [...connection, ...list(line.slice(colon + 1))];
        continue;
      case 'upgrade':
        upgrade = line
          .slice(colon + 1)
          .trim()
          .toLowerCase();
        continue;
      case 'keep-alive':
        keepAliveSeconds = timeout(line.slice(colon + 1));
        continue;
      case 'hop-by-hop':
        continue;
      default:
    }
    kept.push(line);
  }
  if (connection.some((option) => indispensable.has(option))) return 'Connection names a field that belongs to the message';
  return { kept: withoutNamed(kept, connection), hosts, contentLength, transferEncoding, connection, upgrade, keepAliveSeconds };
}

/** The name in lower case if the proxy has to look at it. Lengths first: most names are decided without a comparison. */
function interesting(name: string): string | undefined {
  switch (name.length) {
    case 2:
      return name.toLowerCase() === 'te' ? 'hop-by-hop' : undefined;
    case 4:
    case 7:
    case 14:
    case 17:
      return name.toLowerCase();
    case 10: {
      const lower = name.toLowerCase();
      return lower === 'connection' || lower === 'keep-alive' ? lower : undefined;
    }
    case 16:
      return name.toLowerCase() === 'proxy-connection' ? 'hop-by-hop' : undefined;
    default:
      return undefined;
  }
}

const list = (value: string): string[] =>
  value
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => option !== '');

/** What Connection names is about this connection too. The usual options name no field. */
function withoutNamed(kept: readonly string[], connection: readonly string[]): readonly string[] {
  const named = connection.filter((option) => option !== 'close' && option !== 'keep-alive' && option !== 'upgrade');
  if (named.length === 0) return kept;
  return kept.filter((line) => !named.includes(line.slice(0, line.indexOf(':')).toLowerCase()));
}

function timeout(value: string): number | undefined {
  const found = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,6})/i.exec(value)?.[1];
  return found === undefined ? undefined : Number(found);
}
