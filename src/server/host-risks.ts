import type { AdmissionRequest } from '../api/admission.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { Container, PersistentVolumeManifest, PodSpec } from '../api/generated/models.ts';
import type { KubeObject } from '../api/object.ts';
import { forbidden } from '../api/status-errors.ts';
import { nodeKind } from '../kinds/node.ts';
import { runtimeOf } from '../kinds/runtime-name.ts';

/** What a Pod can do to the machine it runs on, and its host has to agree to. */
export type HostRisk = 'host-path' | 'privileged' | 'host-processes';

/** Runtimes whose containers are programs of this machine, with its files and its user. */
const bareRuntimes: ReadonlySet<string> = new Set(['process']);

interface Finding {
  readonly risk: HostRisk;
  readonly path: string;
  readonly what: string;
}

/**
 * Refuses, for writes over HTTP, what would hand this machine to whoever may create Pods, unless the host program opted in. Templates
 * are held to the same rules as Pods: a controller would make the Pod otherwise. What is there already may be changed elsewhere.
 */
export function requireHostConsent(allowed: ReadonlySet<HostRisk>): (request: AdmissionRequest) => void {
  return (request) => {
    if (request.operation === 'DELETE' || request.subresource === 'status') return;
    const found = findingsOf(request).find(({ risk }) => !allowed.has(risk));
    if (found === undefined) return;
    const { kind, object } = request;
    const { risk, path, what } = found;
    throw forbidden(
      kind,
      object.metadata?.name ?? '',
      `${path}: ${what} may not be asked for over HTTP: the program that runs this cluster has not opted in (serve({ allow: ['${risk}'] }))`,
    );
  };
}

function findingsOf(request: AdmissionRequest): readonly Finding[] {
  const { kind, object, old, view } = request;
  if (kind.group === '' && kind.kind === 'PersistentVolume') return volumeFindings((object as PersistentVolumeManifest).spec);
  const place = podSpecOf(kind.kind, object);
  if (place === undefined) return [];
  const [spec, path] = place;
  if (old !== undefined && deepEqual(podSpecOf(kind.kind, old)?.[0], spec)) return [];
  const isBare = view.list(nodeKind).some((node) => bareRuntimes.has(runtimeOf(node) ?? ''));
  return [
    ...(isBare ? [{ risk: 'host-processes', path, what: 'a Pod on the process runtime, a program of this machine,' } as const] : []),
    ...podFindings(spec, path),
  ];
}

function volumeFindings(spec: PersistentVolumeManifest['spec']): readonly Finding[] {
  const what = 'a folder of this machine';
  if (spec?.hostPath !== undefined) return [{ risk: 'host-path', path: 'spec.hostPath', what }];
  return spec?.local === undefined ? [] : [{ risk: 'host-path', path: 'spec.local', what }];
}

function* podFindings(spec: PodSpec, path: string): Generator<Finding> {
  for (const [i, volume] of (spec.volumes ?? []).entries())
    if (volume.hostPath !== undefined) yield { risk: 'host-path', path: `${path}.volumes[${i}].hostPath`, what: 'a hostPath volume' };
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
    if (spec[field] === true) yield { risk: 'privileged', path: `${path}.${field}`, what: 'what belongs to this machine' };
  const lists: readonly (readonly [string, readonly Pick<Container, 'securityContext'>[]])[] = [
    ['initContainers', spec.initContainers ?? []],
    ['containers', spec.containers],
    ['ephemeralContainers', spec.ephemeralContainers ?? []],
  ];
  for (const [list, containers] of lists) {
    for (const [i, { securityContext }] of containers.entries())
      if (securityContext?.privileged === true)
        yield { risk: 'privileged', path: `${path}.${list}[${i}].securityContext.privileged`, what: 'a privileged container' };
  }
}

/** The Pod, or template of Pods, in an object, and where it is; undefined if there is none. */
function podSpecOf(kind: string, object: KubeObject): readonly [PodSpec, string] | undefined {
  const path = kind === 'Pod' ? 'spec' : kind === 'PodTemplate' ? 'template.spec' : kind === 'CronJob' ? cronJobPath : 'spec.template.spec';
  const spec = path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
      object,
    );
  const isPodSpec = typeof spec === 'object' && spec !== null && Array.isArray((spec as Partial<PodSpec>).containers);
  return isPodSpec ? [spec as PodSpec, path] : undefined;
}

const cronJobPath = 'spec.jobTemplate.spec.template.spec';
