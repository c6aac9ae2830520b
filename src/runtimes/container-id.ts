/** Ids follow from the pod, so that a repeat finds what is there: neither uids nor container names have dots. */
export function sandboxId(podUid: string, attempt: number): string {
  return `${podUid}.${attempt}`;
}

export function containerId(sandbox: string, name: string, attempt: number): string {
  return `${sandbox}.${name}.${attempt}`;
}

export interface IdParts {
  readonly podUid: string;
  readonly sandboxAttempt: number;
  /** '' and NaN in a sandbox's id. */
  readonly name: string;
  readonly attempt: number;
}

/** Takes the id of a container or of a sandbox apart. */
export function parseId(id: string): IdParts {
  const [podUid = '', sandboxAttempt = '', name = '', attempt = ''] = id.split('.');
  return { podUid, sandboxAttempt: Number(sandboxAttempt), name, attempt: attempt === '' ? NaN : Number(attempt) };
}
