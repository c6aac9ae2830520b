import type { AdmissionRequest, AdmissionStep } from '../api/admission.ts';
import type { PodManifest, PodSpec, Quantity as QuantityText, RuntimeClassManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { Quantity } from '../api/quantity.ts';
import { forbidden } from '../api/status-errors.ts';
import { mergeTolerations } from '../kinds/merge-tolerations.ts';
import { podKind } from '../kinds/pod.ts';
import { runtimeClassKind } from '../kinds/runtime-class.ts';
import { podSpecStep } from './pod-spec-step.ts';

type Amounts = Readonly<Record<string, QuantityText>>;

const refuse = ({ object }: AdmissionRequest, why: string): Error => forbidden(podKind, object.metadata?.name ?? '', why);

const notAsDefined = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

/**
 * Gives Pods that name a RuntimeClass its overhead, and what keeps them to the nodes that have it. Refuses those whose class is not
 * there, or says otherwise than they do.
 * Source: https://kubernetes.io/docs/concepts/containers/runtime-class/
 */
export const runtimeClass = (): AdmissionStep => ({
  ...podSpecStep(
    'RuntimeClass',
    (spec, request) => {
      const found = classOf(spec, request);
      return found === undefined ? spec : withScheduling(withOverhead(spec, found, request), found, request);
    },
    (spec) => spec,
    ({ object, view }) => {
      const name = (object as PodManifest).spec?.runtimeClassName;
      return name === undefined ? '' : (view.get(runtimeClassKind, undefined, name)?.metadata.resourceVersion ?? '');
    },
  ),
  validate: (request) => {
    const { operation, kind, subresource, object } = request;
    if (operation !== 'CREATE' || kind.kind !== 'Pod' || kind.group !== '' || subresource !== '') return;
    const { spec } = object as PodManifest;
    if (spec === undefined) return;
    const defined = classOf(spec, request)?.overhead;
    if (defined !== undefined) {
      if (!sameAmounts(defined.podFixed, spec.overhead)) throw refuse(request, notAsDefined);
    } else if (Object.keys(spec.overhead ?? {}).length > 0)
      throw refuse(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  },
});

function classOf({ runtimeClassName }: PodSpec, request: AdmissionRequest): Stored<RuntimeClassManifest> | undefined {
  if (runtimeClassName === undefined) return undefined;
  const found = request.view.get(runtimeClassKind, undefined, runtimeClassName);
  if (found === undefined) throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(runtimeClassName)} not found`);
  return found;
}

function withOverhead(spec: PodSpec, { overhead }: RuntimeClassManifest, request: AdmissionRequest): PodSpec {
  if (overhead === undefined) return spec;
  if (spec.overhead !== undefined && !sameAmounts(overhead.podFixed, spec.overhead)) throw refuse(request, notAsDefined);
  return overhead.podFixed === undefined ? spec : { ...spec, overhead: overhead.podFixed };
}

function withScheduling(spec: PodSpec, { scheduling }: RuntimeClassManifest, request: AdmissionRequest): PodSpec {
  if (scheduling === undefined) return spec;
  const { nodeSelector = {}, tolerations = [] } = scheduling;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      throw refuse(request, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
  }
  return {
    ...spec,
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector: { ...spec.nodeSelector, ...nodeSelector } }),
    ...(tolerations.length === 0 ? {} : { tolerations: mergeTolerations(spec.tolerations ?? [], tolerations) }),
  };
}

function sameAmounts(one: Amounts = {}, other: Amounts = {}): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => other[name] !== undefined && Quantity.parse(one[name]!).equals(Quantity.parse(other[name])))
  );
}
