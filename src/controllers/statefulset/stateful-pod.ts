import type { PodManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject } from '../../api/object.ts';
import { podKind } from '../../kinds/pod.ts';
import { statefulSetKind } from '../../kinds/stateful-set.ts';
import { controllerRef, podFromTemplate, refOf, type Pod } from '../pods.ts';
import { revisionLabel } from '../revisions.ts';
import { claimName, createClaims } from './stateful-claims.ts';
import type { StatefulPass } from './stateful-pass.ts';

const nameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

/** Makes the Pod of a place, and the claims it mounts. */
export function createPod(pass: StatefulPass, ordinal: number): void {
  const name = `${pass.set.metadata.name}-${ordinal}`;
  createClaims(pass, ordinal, name);
  pass.writes.push({ verb: 'create', kind: podKind, object: podOf(pass, ordinal, name), told: told(pass, 'create', name) });
}

export function deletePod(pass: StatefulPass, object: Pod): void {
  pass.writes.push({ verb: 'delete', kind: podKind, object, told: told(pass, 'delete', object.metadata.name) });
}

/** Gives a Pod that was adopted the labels of its place. */
export function identifyPod(pass: StatefulPass, pod: Pod): void {
  const { name } = pod.metadata;
  if (pod.metadata.labels?.[nameLabel] === name) return;
  const labels = { ...pod.metadata.labels, [nameLabel]: name };
  pass.writes.push({
    verb: 'update',
    kind: podKind as KindDescriptor,
    object: { ...pod, metadata: { ...pod.metadata, labels } } as KubeObject,
  });
}

function told({ set }: StatefulPass, verb: 'create' | 'delete', name: string) {
  const said = `${verb} Pod ${name} in StatefulSet ${set.metadata.name}`;
  const title = verb === 'create' ? 'Create' : 'Delete';
  return {
    regarding: refOf(set),
    success: { reason: `Successful${title}`, message: `${said} successful` },
    failure: { reason: `Failed${title}`, message: `${said} failed error` },
  };
}

function podOf(pass: StatefulPass, ordinal: number, name: string): PodManifest {
  const { set, spec } = pass;
  const { namespace = '' } = set.metadata;
  const version = pass.versionFor(ordinal);
  const labels = { ...version.template.metadata?.labels, [nameLabel]: name, [indexLabel]: String(ordinal), [revisionLabel]: version.name };
  const metadata = {
    namespace,
    name,
    generateName: `${set.metadata.name}-`,
    labels,
    ownerReferences: [controllerRef(statefulSetKind as KindDescriptor, set)],
  };
  const pod = podFromTemplate(version.template, metadata);
  const claims = (spec.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(template, set.metadata.name, ordinal) },
  }));
  const others = (pod.spec?.volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name));
  const volumes = [...claims, ...others];
  const subdomain = spec.serviceName ?? '';
  return {
    ...pod,
    spec: {
      ...pod.spec!,
      hostname: name,
      ...(subdomain === '' ? {} : { subdomain }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}
