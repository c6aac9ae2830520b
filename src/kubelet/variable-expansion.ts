/**
 * Replaces `$(NAME)` by its value; `$$` is a plain `$`, and what is not known stays as it is.
 * Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 *
 * @param onUnknown Told of every name that has no value.
 */
export function expandVariables(text: string, valueOf: (name: string) => string | undefined, onUnknown?: (name: string) => void): string {
  let at = text.indexOf('$');
  if (at < 0) return text;
  let done = '';
  let from = 0;
  while (at >= 0 && at + 1 < text.length) {
    const next = text[at + 1];
    const end = next === '(' ? text.indexOf(')', at + 2) : -1;
    if (next === '$') {
      done += `${text.slice(from, at)}$`;
      from = at + 2;
    } else if (end >= 0) {
      const name = text.slice(at + 2, end);
      const value = valueOf(name);
      if (value === undefined) onUnknown?.(name);
      done += text.slice(from, at) + (value ?? text.slice(at, end + 1));
      from = end + 1;
    }
    at = text.indexOf('$', Math.max(from, at + 1));
  }
  return done + text.slice(from);
}
