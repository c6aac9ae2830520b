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
  const afterUid = id.indexOf('.');
  const afterSandbox = id.indexOf('.', afterUid + 1);
  const podUid = afterUid < 0 ? id : id.slice(0, afterUid);
  if (afterSandbox < 0) return { podUid, sandboxAttempt: afterUid < 0 ? 0 : Number(id.slice(afterUid + 1)), name: '', attempt: NaN };
  const afterName = id.indexOf('.', afterSandbox + 1);
  return {
    podUid,
    sandboxAttempt: Number(id.slice(afterUid + 1, afterSandbox)),
    name: id.slice(afterSandbox + 1, afterName < 0 ? undefined : afterName),
    attempt: afterName < 0 ? NaN : Number(id.slice(afterName + 1)),
  };
}
