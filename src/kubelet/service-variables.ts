import type { ServiceManifest, ServicePort } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';

type Variable = readonly [name: string, value: string];

/**
 * The variables that tell a container of the Services it can reach: `<NAME>_SERVICE_HOST`, `<NAME>_SERVICE_PORT` and the older
 * link variables. Headless Services have none.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function serviceVariables(services: readonly Stored<ServiceManifest>[]): readonly Variable[] {
  return services.filter(hasAddress).flatMap((service) => {
    const prefix = variableName(service.metadata.name);
    const host = service.spec?.clusterIP ?? '';
    const ports = service.spec?.ports ?? [];
    const [first] = ports;
    return [
      [`${prefix}_SERVICE_HOST`, host],
      ...(first === undefined ? [] : [[`${prefix}_SERVICE_PORT`, String(first.port)] as const]),
      ...ports
        .filter(({ name }) => name !== undefined && name !== '')
        .map(({ name, port }): Variable => [`${prefix}_SERVICE_PORT_${variableName(name!)}`, String(port)]),
      ...(first === undefined ? [] : [[`${prefix}_PORT`, url(host, first)] as const]),
      ...ports.flatMap((port) => linkVariables(prefix, host, port)),
    ] as const;
  });
}

const hasAddress = ({ spec }: Stored<ServiceManifest>): boolean =>
  spec?.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None';

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');

const protocolOf = ({ protocol }: ServicePort): string => protocol ?? 'TCP';

const url = (host: string, port: ServicePort): string =>
  `${protocolOf(port).toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port.port}`;

function linkVariables(prefix: string, host: string, port: ServicePort): readonly Variable[] {
  const link = `${prefix}_PORT_${port.port}_${protocolOf(port).toUpperCase()}`;
  return [
    [link, url(host, port)],
    [`${link}_PROTO`, protocolOf(port).toLowerCase()],
    [`${link}_PORT`, String(port.port)],
    [`${link}_ADDR`, host],
  ];
}
