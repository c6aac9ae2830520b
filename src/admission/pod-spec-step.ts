import type { PodManifest, PodSpec } from '../api/generated/models.ts';
import type { AdmissionRequest, AdmissionStep } from '../api/admission.ts';
import { deepFreeze } from '../api/object.ts';

/**
 * A step that changes nothing but the spec of Pods. What it made of a frozen spec is remembered, so that the Pods of one template
 * go on sharing one spec. `key` names what else the result depends on. `update` brings a changed spec into line with the old one.
 */
export function podSpecStep(
  name: string,
  change: (spec: PodSpec, request: AdmissionRequest) => PodSpec,
  update: (spec: PodSpec, old: PodSpec) => PodSpec,
  key: (request: AdmissionRequest) => string = () => '',
): AdmissionStep {
  const known = new WeakMap<object, { readonly key: string; readonly spec: PodSpec }>();
  return {
    name,
    mutate: (request) => {
      if (request.kind.kind !== 'Pod' || request.kind.group !== '' || request.subresource !== '') return undefined;
      const pod = request.object as PodManifest;
      if (pod.spec === undefined) return undefined;
      if (request.operation === 'UPDATE') {
        const old = (request.old as PodManifest | undefined)?.spec;
        const spec = old === undefined || old === pod.spec ? pod.spec : update(pod.spec, old);
        return spec === pod.spec ? undefined : { object: { ...pod, spec } as PodManifest };
      }
      if (request.operation !== 'CREATE') return undefined;
      const before = known.get(pod.spec);
      const now = key(request);
      if (before !== undefined && before.key === now)
        return before.spec === pod.spec ? undefined : { object: { ...pod, spec: before.spec } as PodManifest };
      const spec = change(pod.spec, request);
      if (Object.isFrozen(pod.spec)) known.set(pod.spec, { key: now, spec: deepFreeze(spec) });
      return spec === pod.spec ? undefined : { object: { ...pod, spec } as PodManifest };
    },
  };
}
