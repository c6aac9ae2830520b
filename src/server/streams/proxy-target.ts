import type { EndpointSliceManifest, PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { notFound } from '../../api/status-errors.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { ApiError, BadRequestError } from '../../errors.ts';
import { endpointSliceKind } from '../../kinds/endpoint-slice.ts';
import { podKind } from '../../kinds/pod.ts';
import { serviceKind } from '../../kinds/service.ts';
import { portOf } from './port-forward.ts';

/** Which port of which Pod a request through a proxy goes to. */
export interface ProxyTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** `name`, `name:port`, `scheme:name:port`; `http` is the only scheme served. */
function splitName(text: string): { readonly name: string; readonly port: string } {
  const parts = text.split(':');
  if (parts.length > 3) throw new BadRequestError(`invalid proxy request ${JSON.stringify(text)}`);
  const [scheme, name, port] = parts.length === 3 ? parts : ['', parts[0], parts[1]];
  if (scheme !== '' && scheme !== 'http')
    throw new BadRequestError(
      `invalid proxy request ${JSON.stringify(text)}: the scheme ${JSON.stringify(scheme)} is not served, only http is`,
    );
  return { name: name ?? '', port: port ?? '' };
}

/** The Pod that is named, and its port: the first that it declares unless one is given. */
export function podTarget(view: ViewReader, namespace: string, text: string): ProxyTarget {
  const { name, port } = splitName(text);
  const pod: Stored<PodManifest> | undefined = view.get(podKind, namespace, name);
  if (pod === undefined) throw notFound(podKind, name);
  if (port !== '') return { namespace, pod: name, port: portOf(port) };
  const declared = pod.spec?.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort;
  return { namespace, pod: name, port: declared ?? 80 };
}

/** A ready Pod behind the Service; `turn` picks among several. */
export function serviceTarget(view: ViewReader, namespace: string, text: string, turn: number): ProxyTarget {
  const { name, port } = splitName(text);
  const service = view.get(serviceKind, namespace, name);
  if (service === undefined) throw notFound(serviceKind, name);
  const ports = service.spec?.ports ?? [];
  const wanted =
    port === '' && ports.length === 1 ? ports[0] : ports.find((each) => (each.name ?? '') === port || String(each.port) === port);
  if (wanted === undefined) throw unavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
  const slices = view.withLabel(endpointSliceKind, namespace, 'kubernetes.io/service-name', name);
  const ready = slices.flatMap((slice) => readyPods(slice, wanted.name ?? '', namespace));
  if (ready.length === 0) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return ready[turn % ready.length]!;
}

function readyPods(slice: EndpointSliceManifest, portName: string, namespace: string): readonly ProxyTarget[] {
  const port = (slice.ports ?? []).find((each) => (each.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return slice.endpoints.flatMap(({ conditions, targetRef }) =>
    conditions?.ready === false || targetRef?.kind !== 'Pod' || targetRef.name === undefined
      ? []
      : [{ namespace, pod: targetRef.name, port }],
  );
}

export const unavailable = (message: string): ApiError => new ApiError(503, 'ServiceUnavailable', message);
