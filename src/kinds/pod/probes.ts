import type { FieldErrors } from '../../api/field-errors.ts';
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../../api/generated/models.ts';
import { validateNonNegative, validateOptionalChoice, validatePort } from '../field-checks.ts';

const headerName = /^[-A-Za-z0-9]+$/;
const headerNameWords =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

/** The kinds of actions that probes and hooks know between them. */
type Handler = Pick<Probe, 'grpc'> & LifecycleHandler;

function validateHttpGet(action: HTTPGetAction, path: string, errors: FieldErrors): void {
  if (action.path === undefined || action.path === '') errors.required(`${path}.path`);
  validatePort(action.port, `${path}.port`, errors);
  validateOptionalChoice(action.scheme, ['HTTP', 'HTTPS'], `${path}.scheme`, errors);
  for (const header of action.httpHeaders ?? []) {
    if (!headerName.test(header.name)) errors.invalid(`${path}.httpHeaders`, header.name, headerNameWords);
  }
}

/** Exactly one action; `graceSeconds` bounds a sleep. */
function validateHandler(handler: Handler, graceSeconds: number | undefined, path: string, errors: FieldErrors): void {
  let actions = 0;
  const first = (name: string): boolean => {
    actions += 1;
    if (actions > 1) errors.forbidden(`${path}.${name}`, 'may not specify more than 1 handler type');
    return actions === 1;
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec !== undefined && first('exec') && (exec.command ?? []).length === 0) errors.required(`${path}.exec.command`);
  if (httpGet !== undefined && first('httpGet')) validateHttpGet(httpGet, `${path}.httpGet`, errors);
  if (tcpSocket !== undefined && first('tcpSocket')) validatePort(tcpSocket.port, `${path}.tcpSocket.port`, errors);
  if (grpc !== undefined && first('grpc')) validatePort(grpc.port, `${path}.grpc.port`, errors);
  if (sleep !== undefined && first('sleep') && graceSeconds !== undefined && (sleep.seconds < 0 || sleep.seconds > graceSeconds)) {
    errors.invalid(`${path}.sleep`, sleep.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`);
  }
  if (actions === 0) errors.required(path, 'must specify a handler type');
}

function validateProbe(probe: Probe, path: string, errors: FieldErrors): void {
  validateHandler(probe, undefined, path, errors);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    validateNonNegative(probe[field], `${path}.${field}`, errors);
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
}

/** A liveness or startup probe: one success is enough, and must be. */
export function validateDecisiveProbe(probe: Probe, path: string, errors: FieldErrors): void {
  validateProbe(probe, path, errors);
  if (probe.successThreshold !== 1) errors.invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1');
}

export function validateReadinessProbe(probe: Probe, path: string, errors: FieldErrors): void {
  validateProbe(probe, path, errors);
  if (probe.terminationGracePeriodSeconds !== undefined) {
    errors.invalid(`${path}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, 'must not be set for readinessProbes');
  }
}

export function validateLifecycle(lifecycle: Lifecycle, graceSeconds: number | undefined, path: string, errors: FieldErrors): void {
  if (lifecycle.postStart !== undefined) validateHandler(lifecycle.postStart, graceSeconds, `${path}.postStart`, errors);
  if (lifecycle.preStop !== undefined) validateHandler(lifecycle.preStop, graceSeconds, `${path}.preStop`, errors);
  if (lifecycle.stopSignal !== undefined) {
    errors.forbidden(`${path}.stopSignal`, 'is not supported');
  }
}
