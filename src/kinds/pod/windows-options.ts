import type { FieldErrors } from '../../api/field-errors.ts';
import type { Container, PodSpec, WindowsSecurityContextOptions } from '../../api/generated/models.ts';
import { validateDnsSubdomain } from '../field-checks.ts';

const credentialSpecKibMax = 64;
const domainMax = 256;
const userMax = 104;
const netBiosDomain = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsDomain = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const badUserCharacters = /["/\\:;|=,+*?<>@[\]]/;

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function validateUserName(name: string, path: string, errors: FieldErrors): void {
  const bad = (why: string): void => errors.invalid(path, name, `runAsUserName${why}`);
  if (name === '') return bad(' cannot be an empty string');
  if (hasControlCharacter(name)) return bad(' cannot contain control characters');
  const parts = name.split('\\');
  if (parts.length > 2) return bad(' cannot contain more than one backslash');
  const domain = parts.length === 2 ? parts[0]! : undefined;
  const user = parts.at(-1)!;
  if (domain !== undefined) {
    if (domain.length >= domainMax) bad(`'s Domain length must be under ${domainMax} characters`);
    if (!netBiosDomain.test(domain) && !dnsDomain.test(domain)) bad("'s Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') bad("'s User cannot be empty");
  else if (user.length > userMax) bad(`'s User length must not be longer than ${userMax} characters`);
  if (/^[. ]+$/.test(user)) bad("'s User cannot contain only periods or spaces");
  if (badUserCharacters.test(user)) bad(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
}

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string, errors: FieldErrors): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName } = options;
  if (specName !== undefined) validateDnsSubdomain(specName, `${path}.gmsaCredentialSpecName`, errors);
  if (spec === '') errors.invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string');
  else if (spec !== undefined && spec.length > credentialSpecKibMax * 1024) {
    errors.invalid(`${path}.gmsaCredentialSpec`, spec, `gmsaCredentialSpec size must be under ${credentialSpecKibMax} KiB`);
  }
  if (runAsUserName !== undefined) validateUserName(runAsUserName, `${path}.runAsUserName`, errors);
}

/** The containers of every sort, with their paths. */
export function allContainers(spec: PodSpec, path: string): readonly (readonly [container: Container, path: string])[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, i) => [container, `${path}.${list}[${i}]`] as const),
  );
}

/** If one container is a host process, all must be, on the host's network. */
export function validateHostProcess(spec: PodSpec, path: string, errors: FieldErrors): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = allContainers(spec, path);
  let hostProcesses = 0;
  for (const [container, at] of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const why = `pod hostProcess value must be identical if both are specified, was ${String(ofPod)}`;
      errors.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, why);
    }
    if (own ?? ofPod) hostProcesses += 1;
  }
  if (hostProcesses === 0) return;
  if (hostProcesses !== containers.length) {
    errors.invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers');
  }
  if (spec.hostNetwork !== true)
    errors.invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers');
}
