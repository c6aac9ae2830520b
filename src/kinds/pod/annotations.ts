import type { FieldErrors } from '../../api/field-errors.ts';
import type { PodSpec } from '../../api/generated/models.ts';
import { validateDescendingPath } from '../path-checks.ts';
import { allContainers } from './windows-options.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

export const mirrorPodAnnotation = 'kubernetes.io/config.mirror';
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

/** An integer of 32 bits, written without a plus sign or leading zeros. */
function isInt32(text: string): boolean {
  const value = Number(text);
  return /^(0|-?[1-9][0-9]*)$/.test(text) && value >= -2_147_483_648 && value <= 2_147_483_647;
}

function validateSeccomp(profile: string, path: string, errors: FieldErrors): void {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith('localhost/')) validateDescendingPath(profile.slice('localhost/'.length), path, errors);
  else errors.invalid(path, profile, 'must be a valid seccomp profile');
}

/** The annotations of a pod that mean something to Kubernetes. */
export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, path: string, errors: FieldErrors): void {
  if (annotations === undefined) return;
  const mirror = annotations[mirrorPodAnnotation];
  if (mirror !== undefined && (spec.nodeName ?? '') === '') {
    errors.invalid(`${path}[${mirrorPodAnnotation}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set');
  }
  const cost = annotations[deletionCostAnnotation];
  if (cost !== undefined && !isInt32(cost)) errors.invalid(`${path}[${deletionCostAnnotation}]`, cost, 'must be a 32bit integer');
  for (const [key, value] of Object.entries(annotations)) {
    if (key === seccompPod || key.startsWith(seccompContainerPrefix)) validateSeccomp(value, `${path}.${key}`, errors);
    if (!key.startsWith(appArmorPrefix)) continue;
    const name = key.slice(appArmorPrefix.length);
    if (!allContainers(spec, '').some(([container]) => container.name === name))
      errors.invalid(`${path}[${key}]`, name, 'container not found');
    if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/')) {
      errors.invalid(`${path}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
    }
  }
}

interface Profile {
  readonly type: string;
  readonly localhostProfile?: string;
}

function validateMatch(annotation: string, profile: Profile, what: string, path: string, errors: FieldErrors): void {
  const local = annotation.startsWith('localhost/');
  const type = local ? 'Localhost' : annotation === 'unconfined' ? 'Unconfined' : annotation.endsWith('/default') ? 'RuntimeDefault' : '';
  if (!['Localhost', 'RuntimeDefault', 'Unconfined'].includes(profile.type)) return;
  if (type !== profile.type) errors.forbidden(`${path}.type`, `${what} type in annotation and field must match`);
  else if (local && annotation.slice('localhost/'.length) !== profile.localhostProfile) {
    errors.forbidden(`${path}.localhostProfile`, `${what} profile in annotation and field must match`);
  }
}

/** Where the old annotation and the field both name a seccomp or AppArmor profile, they must name the same. */
export function validateProfilesMatch(annotations: Annotations, spec: PodSpec, path: string, errors: FieldErrors): void {
  if (annotations === undefined) return;
  const ofPod = spec.securityContext;
  const podAnnotation = annotations[seccompPod];
  if (podAnnotation !== undefined && ofPod?.seccompProfile !== undefined) {
    validateMatch(podAnnotation, ofPod.seccompProfile, 'seccomp', `${path}.securityContext.seccompProfile`, errors);
  }
  for (const [container, at] of allContainers(spec, path)) {
    const seccomp = annotations[`${seccompContainerPrefix}${container.name}`];
    const seccompField = container.securityContext?.seccompProfile;
    if (seccomp !== undefined && seccompField !== undefined) {
      validateMatch(seccomp, seccompField, 'seccomp', `${at}.securityContext.seccompProfile`, errors);
    }
    const appArmor = annotations[`${appArmorPrefix}${container.name}`];
    const appArmorField = container.securityContext?.appArmorProfile ?? ofPod?.appArmorProfile;
    if (appArmor !== undefined && appArmorField !== undefined && spec.os?.name !== 'windows') {
      validateMatch(appArmor, appArmorField, 'apparmor', `${at}.securityContext.appArmorProfile`, errors);
    }
  }
}
