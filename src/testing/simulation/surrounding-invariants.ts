import type { ViewReader } from '../../api/view-reader.ts';
import { LabelMatcher } from '../../api/label-matcher.ts';
import { matching } from '../../api/matching.ts';
import { deploymentKind } from '../../kinds/deployment.ts';
import { endpointSliceKind } from '../../kinds/endpoint-slice.ts';
import { endpointsKind } from '../../kinds/endpoints.ts';
import { horizontalPodAutoscalerKind } from '../../kinds/horizontal-pod-autoscaler.ts';
import { persistentVolumeClaimKind } from '../../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../kinds/persistent-volume.ts';
import { podKind } from '../../kinds/pod.ts';
import { resourceQuotaKind } from '../../kinds/resource-quota.ts';
import { serviceKind } from '../../kinds/service.ts';

const perPod = 10;
/** How far off the target autoscalers leave it. */
const tolerance = 0.1;

/** What must hold of all that goes with workloads once the weather has cleared: addresses, volumes, autoscalers, quotas. */
export function surroundingViolations(view: ViewReader, queue: number): readonly string[] {
  return [...addresses(view), ...volumes(view), ...autoscalers(view, queue), ...quotas(view)];
}

const text = (names: readonly (string | undefined)[]): string =>
  names
    .map((name) => name ?? '')
    .sort()
    .join();

function* addresses(view: ViewReader): Iterable<string> {
  for (const { metadata, spec } of view.list(serviceKind, { namespace: 'default' })) {
    if (spec?.selector === undefined) continue;
    const pods = matching(view, podKind, 'default', LabelMatcher.ofMap(spec.selector));
    const ready = pods.filter(
      ({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    );
    const expected = text(ready.map((pod) => pod.metadata.name));
    const slices = view.controlledBy(endpointSliceKind, metadata.uid).flatMap(({ endpoints }) => endpoints ?? []);
    const sliced = slices.filter(({ conditions }) => conditions?.ready === true).map(({ targetRef }) => targetRef?.name);
    if (text(sliced) !== expected) yield `service ${metadata.name}: its slices have ${text(sliced)}, ready are ${expected}`;
    const subsets = view.get(endpointsKind, 'default', metadata.name)?.subsets ?? [];
    const listed = subsets.flatMap(({ addresses: all }) => all ?? []).map(({ targetRef }) => targetRef?.name);
    if (text(listed) !== expected) yield `service ${metadata.name}: its endpoints are ${text(listed)}, ready are ${expected}`;
  }
}

function* volumes(view: ViewReader): Iterable<string> {
  const claims = view.list(persistentVolumeClaimKind);
  for (const { metadata, spec, status } of claims) {
    const volume = view.get(persistentVolumeKind, undefined, spec?.volumeName ?? '');
    const isUsed = view
      .list(podKind)
      .some((pod) => pod.spec?.volumes?.some((each) => each.persistentVolumeClaim?.claimName === metadata.name));
    if (isUsed && status?.phase !== 'Bound') yield `claim ${metadata.name}: it is used, and ${status?.phase}`;
    if (status?.phase === 'Bound' && volume?.spec?.claimRef?.uid !== metadata.uid)
      yield `claim ${metadata.name}: its volume is not its own`;
  }
  const known = new Set(claims.map(({ metadata }) => metadata.uid));
  for (const { metadata, spec } of view.list(persistentVolumeKind))
    if (!known.has(spec?.claimRef?.uid ?? '')) yield `volume ${metadata.name}: nobody claims it`;
}

function* autoscalers(view: ViewReader, queue: number): Iterable<string> {
  for (const { metadata, spec, status } of view.list(horizontalPodAutoscalerKind)) {
    const { minReplicas = 1, maxReplicas } = spec!;
    const bounded = (wish: number): number => Math.min(maxReplicas, Math.max(minReplicas, Math.ceil(wish)));
    const [least, most] = [bounded(queue / perPod / (1 + tolerance)), bounded(queue / perPod / (1 - tolerance))];
    const replicas = view.get(deploymentKind, metadata.namespace, metadata.name)?.spec?.replicas ?? 0;
    // Somebody scaled it to none by hand: then it is left alone.
    if (replicas === 0) continue;
    // Whoever scales the target to nothing has switched its autoscaler off.
    if (replicas === 0 && status?.conditions?.some(({ reason }) => reason === 'ScalingDisabled') === true) continue;
    if (replicas < least || replicas > most) yield `autoscaler ${metadata.name}: ${replicas} replicas for a queue of ${queue}`;
    if (status?.desiredReplicas !== replicas)
      yield `autoscaler ${metadata.name}: it wants ${status?.desiredReplicas}, there are ${replicas}`;
  }
}

function* quotas(view: ViewReader): Iterable<string> {
  for (const { metadata, status } of view.list(resourceQuotaKind)) {
    const pods = view
      .list(podKind, { namespace: metadata.namespace })
      .filter(({ status: is }) => is?.phase !== 'Succeeded' && is?.phase !== 'Failed');
    if (Number(status?.used?.['pods']) !== pods.length)
      yield `quota ${metadata.name}: it counts ${status?.used?.['pods']} pods of ${pods.length}`;
    const claims = view.list(persistentVolumeClaimKind, { namespace: metadata.namespace }).length;
    const storage = status?.used?.['requests.storage'];
    if (storage !== (claims === 0 ? '0' : `${claims}Gi`))
      yield `quota ${metadata.name}: it counts ${storage} of storage for ${claims} claims`;
  }
}
