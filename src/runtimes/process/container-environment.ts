import type { PodAttachment } from '../network/pod-network.ts';
import { defaultPort } from '../network/pod-ports.ts';
import type { ContainerConfig } from '../runtime.ts';
import type { ProcessImage } from './process-image.ts';
import { containerVariable, ownerVariable } from './process-scanner.ts';

/** What of the host's environment a program gets: what it needs to run at all, and nothing secret. */
export const inheritedVariables: readonly string[] = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

export interface EnvironmentSource {
  readonly config: ContainerConfig;
  readonly image: ProcessImage;
  readonly attachment: PodAttachment;
  /** True if no container of the pod declares a TCP port: every one of them may then have the default. */
  readonly podHasNoPorts: boolean;
  readonly hostname: string;
  readonly containerId: string;
  readonly owner: string;
  /** The folder below which the container's mounts are found. */
  readonly root: string;
  /** Further variables of the host to pass on. */
  readonly inherit: readonly string[];
}

/**
 * The environment of a container's processes. Later ones win: the host's few, the image's, where to listen, the container's own; and
 * last the marks by which its processes are found again.
 */
export function containerEnvironment(source: EnvironmentSource): Readonly<Record<string, string>> {
  const { config, image, attachment } = source;
  const env: Record<string, string> = {};
  for (const name of [...inheritedVariables, ...source.inherit]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  Object.assign(env, image.env);
  const declared = config.container.ports?.find(({ protocol }) => protocol === undefined || protocol === 'TCP')?.containerPort;
  const port = declared ?? (source.podHasNoPorts ? defaultPort : undefined);
  Object.assign(env, { HOSTNAME: source.hostname, HOST: attachment.bindHost, POD_IP: attachment.ip, COXSWAIN_ROOT: source.root });
  if (port !== undefined) env.PORT = String(attachment.bindPort(port, 'TCP'));
  for (const { name, value } of config.env) env[name] = value;
  env[containerVariable] = source.containerId;
  env[ownerVariable] = source.owner;
  return env;
}
