import type { PodSpec } from '../../api/generated/models.ts';

/** A port of a pod, as a manifest declares it. */
export interface PodPort {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly hostPort: number | undefined;
  readonly hostIp: string | undefined;
}

/** The port of pods that declare none: something has to be in `PORT`. */
export const defaultPort = 8080;

/** Every port the containers of a pod declare; 8080 if there is none. */
export function podPorts(spec: PodSpec | undefined): readonly PodPort[] {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const ports = containers
    .flatMap((container) => container.ports ?? [])
    .map(({ containerPort, protocol, hostPort, hostIP }): PodPort => {
      return { port: containerPort, protocol: protocol === 'UDP' ? 'UDP' : 'TCP', hostPort, hostIp: hostIP };
    });
  return ports.some(({ protocol }) => protocol === 'TCP')
    ? ports
    : [...ports, { port: defaultPort, protocol: 'TCP', hostPort: undefined, hostIp: undefined }];
}
