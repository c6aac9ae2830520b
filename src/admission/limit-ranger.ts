import type { AdmissionRequest, AdmissionStep, Mutation } from '../api/admission.ts';
import type { Container, LimitRangeItem, LimitRangeManifest, PersistentVolumeClaimManifest, PodManifest } from '../api/generated/models.ts';
import { deepFreeze, type KubeObject, type Stored } from '../api/object.ts';
import { forbidden } from '../api/status-errors.ts';
import { limitRangeKind } from '../kinds/limit-range.ts';
import { podAmounts, type AmountTable } from '../kinds/pod/pod-amounts.ts';
import { qosClassOf } from '../kinds/pod/quality-of-service.ts';
import { amountTable, claimProblems, usageProblems } from './limit-constraints.ts';

type LimitRange = Stored<LimitRangeManifest>;
type PodSpec = NonNullable<PodManifest['spec']>;

const annotation = 'kubernetes.io/limit-ranger';

/** What a spec becomes under the ranges of its namespace, and the words about it. */
interface Defaulted {
  readonly ranges: string;
  readonly spec: PodSpec;
  readonly set: string;
}

/**
 * Gives containers the requests and limits of their namespace's LimitRanges, and refuses Pods and claims that are outside of them.
 * Source: https://kubernetes.io/docs/concepts/policy/limit-range/
 */
export function limitRanger(): AdmissionStep {
  // What was made of a frozen spec is remembered, so that the Pods of one template go on sharing one spec.
  const known = new WeakMap<object, Defaulted>();
  return {
    name: 'LimitRanger',
    mutate: (request) => {
      if (!isNewPod(request)) return undefined;
      const ranges = rangesOf(request);
      return ranges.length === 0 ? undefined : withDefaults(request.object as PodManifest, ranges, known);
    },
    validate: (request) => {
      const { kind, namespace, operation, subresource, object, old } = request;
      if (operation === 'DELETE' || subresource !== '' || kind.group !== '' || namespace === undefined) return;
      const isClaim = kind.kind === 'PersistentVolumeClaim' && old?.metadata.deletionTimestamp === undefined;
      if (!isNewPod(request) && !isClaim) return;
      for (const range of rangesOf(request)) {
        const limits = range.spec?.limits ?? [];
        const problems = isClaim ? problemsOfClaim(limits, object) : problemsOfPod(limits, (object as PodManifest).spec);
        const distinct = [...new Set(problems)];
        if (distinct.length === 0) continue;
        throw forbidden(kind, object.metadata?.name ?? '', distinct.length === 1 ? distinct[0]! : `[${distinct.join(', ')}]`);
      }
    },
  };
}

// The containers of a Pod do not change any more: an update needs no look.
const isNewPod = ({ operation, kind, subresource }: AdmissionRequest): boolean =>
  operation === 'CREATE' && kind.kind === 'Pod' && kind.group === '' && subresource === '';

const rangesOf = ({ view, namespace }: AdmissionRequest): readonly LimitRange[] => view.list(limitRangeKind, { namespace });

function withDefaults(pod: PodManifest, ranges: readonly LimitRange[], known: WeakMap<object, Defaulted>): Mutation | undefined {
  if (pod.spec === undefined) return undefined;
  const key = ranges.map((range) => `${range.metadata.uid}=${range.metadata.resourceVersion}`).join();
  let result = known.get(pod.spec);
  if (result?.ranges !== key) {
    result = { ranges: key, ...defaultedSpec(pod.spec, ranges) };
    if (Object.isFrozen(pod.spec)) known.set(pod.spec, { ...result, spec: deepFreeze(result.spec) });
  }
  if (result.spec === pod.spec) return undefined;
  const annotations = { ...pod.metadata?.annotations, [annotation]: `LimitRanger plugin set: ${result.set}` };
  const status = { ...pod.status, qosClass: qosClassOf(result.spec) };
  return { object: { ...pod, metadata: { ...pod.metadata, annotations }, spec: result.spec, status } as PodManifest };
}

function defaultedSpec(spec: PodSpec, ranges: readonly LimitRange[]): { readonly spec: PodSpec; readonly set: string } {
  let next = spec;
  const set: string[] = [];
  const items = ranges.flatMap((range) => range.spec?.limits ?? []).filter((item) => item.type === 'Container');
  for (const item of items) {
    const containers = next.containers.map((container) => withDefaultAmounts(container, item, 'container', set));
    const init = next.initContainers?.map((container) => withDefaultAmounts(container, item, 'init container', set));
    const same =
      containers.every((container, i) => container === next.containers[i]) &&
      (init ?? []).every((container, i) => container === next.initContainers?.[i]);
    if (!same) next = { ...next, containers, ...(init === undefined ? {} : { initContainers: init }) };
  }
  return { spec: next, set: set.join('; ') };
}

function withDefaultAmounts(container: Container, item: LimitRangeItem, what: string, set: string[]): Container {
  const { requests, limits } = container.resources ?? {};
  const missing = (
    has: Readonly<Record<string, string | number>> | undefined,
    given: Readonly<Record<string, string | number>> | undefined,
  ): string[] =>
    Object.keys(given ?? {})
      .filter((name) => has?.[name] === undefined)
      .sort();
  const setRequests = missing(requests, item.defaultRequest);
  const setLimits = missing(limits, item.default);
  if (setRequests.length > 0) set.push(`${setRequests.join(', ')} request for ${what} ${container.name}`);
  if (setLimits.length > 0) set.push(`${setLimits.join(', ')} limit for ${what} ${container.name}`);
  if (setRequests.length === 0 && setLimits.length === 0) return container;
  const resources = {
    ...container.resources,
    ...(setRequests.length === 0 ? {} : { requests: { ...item.defaultRequest, ...requests } }),
    ...(setLimits.length === 0 ? {} : { limits: { ...item.default, ...limits } }),
  };
  return { ...container, resources };
}

function problemsOfPod(limits: readonly LimitRangeItem[], spec: PodSpec | undefined): readonly string[] {
  if (spec === undefined) return [];
  const problems: string[] = [];
  for (const item of limits) {
    if (item.type === 'Container') {
      for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
        problems.push(...usageProblems(item, amountTable(resources?.requests), amountTable(resources?.limits)));
      }
    } else if (item.type === 'Pod') {
      const sum = (list: 'requests' | 'limits'): AmountTable => podAmounts(spec, list);
      problems.push(...usageProblems(item, sum('requests'), sum('limits')));
    }
  }
  return problems;
}

function problemsOfClaim(limits: readonly LimitRangeItem[], claim: KubeObject): readonly string[] {
  const requests = amountTable((claim as PersistentVolumeClaimManifest).spec?.resources?.requests);
  return limits.filter((item) => item.type === 'PersistentVolumeClaim').flatMap((item) => claimProblems(item, requests));
}
