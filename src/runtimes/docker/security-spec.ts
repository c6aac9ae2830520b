import type { SecurityContext } from '../../api/generated/models.ts';
import { RuntimeError } from '../../errors.ts';

export interface SecuritySpec {
  readonly User?: string;
  readonly host: {
    readonly CapAdd?: readonly string[];
    readonly CapDrop?: readonly string[];
    readonly Privileged?: boolean;
    readonly ReadonlyRootfs?: boolean;
    readonly SecurityOpt?: readonly string[];
    readonly MaskedPaths?: readonly string[];
    readonly ReadonlyPaths?: readonly string[];
  };
}

const capability = (name: string): string => name.replace(/^CAP_/i, '').toUpperCase();

/** @param readProfile The text of a seccomp profile of the node, by its name in `localhostProfile`. */
function seccomp(context: SecurityContext, readProfile: (name: string) => string): readonly string[] {
  const { type, localhostProfile = '' } = context.seccompProfile ?? { type: 'RuntimeDefault' };
  // Without a profile the engine's own stays on: stricter than Kubernetes, which has none by default.
  if (type === 'RuntimeDefault' || context.privileged === true) return [];
  return [`seccomp=${type === 'Unconfined' ? 'unconfined' : readProfile(localhostProfile)}`];
}

function appArmor({ appArmorProfile }: SecurityContext): readonly string[] {
  if (appArmorProfile === undefined || appArmorProfile.type === 'RuntimeDefault') return [];
  return [`apparmor=${appArmorProfile.type === 'Unconfined' ? 'unconfined' : appArmorProfile.localhostProfile}`];
}

function seLinux({ seLinuxOptions }: SecurityContext): readonly string[] {
  return Object.entries(seLinuxOptions ?? {}).map(([key, value]) => `label=${key}:${value}`);
}

/** What a container may do, as the engine has it. `name` is the container's, for messages. */
export function securitySpec(
  context: SecurityContext | undefined,
  name: string,
  imageUser: string,
  readProfile: (name: string) => string,
): SecuritySpec {
  if (context === undefined) return { host: {} };
  const { runAsUser, runAsGroup, capabilities, privileged, readOnlyRootFilesystem, allowPrivilegeEscalation, procMount } = context;
  refuseRoot(context, name, imageUser);
  const user = runAsUser === undefined ? (imageUser.split(':')[0] ?? '') : String(runAsUser);
  const User = runAsGroup === undefined ? (runAsUser === undefined ? undefined : user) : `${user === '' ? '0' : user}:${runAsGroup}`;
  const options = [
    ...(allowPrivilegeEscalation === false ? ['no-new-privileges'] : []),
    ...seccomp(context, readProfile),
    ...appArmor(context),
    ...seLinux(context),
  ];
  return {
    ...(User === undefined ? {} : { User }),
    host: {
      ...(capabilities?.add === undefined ? {} : { CapAdd: capabilities.add.map(capability) }),
      ...(capabilities?.drop === undefined ? {} : { CapDrop: capabilities.drop.map(capability) }),
      ...(privileged === true ? { Privileged: true } : {}),
      ...(readOnlyRootFilesystem === true ? { ReadonlyRootfs: true } : {}),
      ...(options.length === 0 ? {} : { SecurityOpt: options }),
      ...(procMount === 'Unmasked' ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    },
  };
}

/**
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (running as non-root)
 * @throws RuntimeError `RUNTIME_CONFIG`, with Kubernetes' words.
 */
function refuseRoot({ runAsNonRoot, runAsUser }: SecurityContext, name: string, imageUser: string): void {
  if (runAsNonRoot !== true) return;
  const [user = ''] = imageUser.split(':');
  if (runAsUser === 0) throw new RuntimeError('RUNTIME_CONFIG', `container's runAsUser breaks non-root policy (container: ${name})`);
  if (runAsUser !== undefined) return;
  if (user === '' || user === '0' || user === 'root') {
    throw new RuntimeError('RUNTIME_CONFIG', `container has runAsNonRoot and image will run as root (container: ${name})`);
  }
  if (!/^\d+$/.test(user)) {
    const message = `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root (container: ${name})`;
    throw new RuntimeError('RUNTIME_CONFIG', message);
  }
}
