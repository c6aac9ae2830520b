import { RuntimeError } from '../../errors.ts';
import { imageNotFound, registryUnavailable } from '../runtime-failure.ts';

const unauthorized =
  /unauthorized|authentication required|no basic auth credentials|access to the resource is denied|incorrect username or password|denied: (?!.*not found)/i;
/** The image store of containerd says so besides what it says of images that are not there. */
const asksForCredentials = /no basic auth credentials|401 unauthorized/i;
const missing = /manifest unknown|not found|name unknown|repository does not exist|no such image|404/i;
const noMatch = /no matching manifest|does not match the specified platform|no match for platform/i;
const wrong = /verification failed|digest mismatch|filesystem layer verification|invalid checksum|unsupported digest/i;

const whereCredentialsAreFrom =
  "credentials are those of the pod's imagePullSecrets and of this program's docker configuration: see docker login, DOCKER_CONFIG, the option configFolder";

/** Why a pull failed, from the engine's words: registries and engines have no codes for it. */
export function pullFailure(image: string, text: string, cause?: unknown): RuntimeError {
  const message = `pulling image "${image}": ${text.trim()}`;
  if (/toomanyrequests|429|rate limit/i.test(text)) return registryUnavailable(message, cause);
  if (wrong.test(text)) return registryUnavailable(`${message} (what came is not what its digest says)`, cause);
  if (asksForCredentials.test(text)) return unauthorizedFor(message, cause);
  // "pull access denied ... repository does not exist or may require 'docker login'": registries do not say which. Without credentials it is not there.
  if (/pull access denied|repository does not exist or may require/i.test(text)) return imageNotFound(image, text.trim());
  if (unauthorized.test(text)) return unauthorizedFor(message, cause);
  if (noMatch.test(text)) return imageNotFound(image, `there is none for this platform: ${text.trim()}`);
  if (/invalid reference format|invalid tag/i.test(text)) return new RuntimeError('RUNTIME_IMAGE_INVALID', message, { cause });
  if (missing.test(text)) return imageNotFound(image, text.trim());
  return registryUnavailable(message, cause);
}

const unauthorizedFor = (message: string, cause: unknown): RuntimeError =>
  new RuntimeError('RUNTIME_IMAGE_UNAUTHORIZED', `${message} (${whereCredentialsAreFrom})`, { retryable: true, cause });
