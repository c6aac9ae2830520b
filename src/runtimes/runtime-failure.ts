import { RuntimeError } from '../errors.ts';
import type { ObjectRef } from '../errors.ts';

/** What every adapter says in the same words. Codes are listed in `docs/errors.md`. */
export function unknownSandbox(id: string): RuntimeError {
  return new RuntimeError('RUNTIME_NOT_FOUND', `sandbox "${id}" is not known to this runtime: it was removed, or belongs to another node`);
}

export function unknownContainer(id: string): RuntimeError {
  return new RuntimeError(
    'RUNTIME_NOT_FOUND',
    `container "${id}" is not known to this runtime: it was removed, or belongs to another node`,
  );
}

export function notRunning(id: string, state: string): RuntimeError {
  return new RuntimeError('RUNTIME_NOT_RUNNING', `container "${id}" is not running (${state})`);
}

export function imageNotFound(image: string, hint: string): RuntimeError {
  return new RuntimeError('RUNTIME_IMAGE_NOT_FOUND', `image "${image}" was not found: ${hint}`, { retryable: true });
}

export function registryUnavailable(message: string, cause?: unknown): RuntimeError {
  return new RuntimeError('RUNTIME_REGISTRY_UNAVAILABLE', message, { retryable: true, cause });
}

/** The engine, or the machine it is on, does not answer. */
export function unavailable(what: string, cause?: unknown): RuntimeError {
  return new RuntimeError('RUNTIME_UNAVAILABLE', `${what} does not answer`, { retryable: true, cause });
}

/** This runtime cannot do what the manifest asks for. */
export function unsupported(runtime: string, what: string, hint: string): RuntimeError {
  return new RuntimeError('RUNTIME_UNSUPPORTED', `the ${runtime} runtime does not support ${what}: ${hint}`);
}

export function addressesExhausted(cidr: string, object: ObjectRef): RuntimeError {
  return new RuntimeError('RUNTIME_ADDRESSES_EXHAUSTED', `no free address is left in the node's range ${cidr}`, {
    retryable: true,
    object,
  });
}

export function stillRunning(id: string): RuntimeError {
  return new RuntimeError('RUNTIME_CONTAINER_RUNNING', `container "${id}" still runs: stop it before removing it`);
}

export function portRefused(sandboxId: string, port: number, cause: unknown): RuntimeError {
  return new RuntimeError(
    'RUNTIME_PORT_REFUSED',
    `port ${port} of sandbox "${sandboxId}" cannot be reached: does a container listen there?`,
    {
      retryable: true,
      cause,
    },
  );
}
