import type { Container, ObjectMeta, PodManifest } from '../../api/generated/models.ts';
import { podFromTemplate, type Pod } from '../pods.ts';
import {
  ignoredIndexFailures,
  indexFailures,
  indexFailuresKey,
  indexIgnoredFailuresKey,
  indexKey,
  trackingFinalizer,
  type StoredJob,
} from './job-pods.ts';
import { judgeFailure } from './pod-failure-policy.ts';

const indexVariable = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexKey}']` } },
};

/** A Pod for a Job: counted through its finalizer; one with an index knows it by label, annotation, variable and host name. */
export function podOfJob(job: StoredJob, metadata: ObjectMeta, index: number | undefined, before: Pod | undefined): PodManifest {
  const { template } = job.spec!;
  const finalizers = [...(template.metadata?.finalizers ?? []).filter((each) => each !== trackingFinalizer), trackingFinalizer];
  const pod = podFromTemplate(template, { ...metadata, finalizers });
  if (index === undefined) return pod;
  const given = { labels: pod.metadata?.labels ?? {}, annotations: pod.metadata?.annotations ?? {} };
  const text = String(index);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...given.labels, [indexKey]: text },
      annotations: { ...given.annotations, [indexKey]: text, ...failureCounts(job, before) },
    },
    spec: {
      ...pod.spec!,
      containers: pod.spec!.containers.map(withIndex),
      ...(pod.spec?.initContainers === undefined ? {} : { initContainers: pod.spec.initContainers.map(withIndex) }),
      hostname: `${job.metadata.name}-${index}`,
    },
  };
}

function withIndex(container: Container): Container {
  if (container.env?.some((variable) => variable.name === indexVariable.name) === true) return container;
  return { ...container, env: [...(container.env ?? []), indexVariable] };
}

/** How often the index failed so far, handed from Pod to Pod. */
function failureCounts(job: StoredJob, before: Pod | undefined): Record<string, string> {
  const spec = job.spec!;
  if (spec.backoffLimitPerIndex === undefined) return {};
  if (before === undefined) return { [indexFailuresKey]: '0' };
  const counts = judgeFailure(spec.podFailurePolicy, before).counts;
  const ignored = ignoredIndexFailures(before) + (counts ? 0 : 1);
  return {
    [indexFailuresKey]: String(indexFailures(before) + (counts ? 1 : 0)),
    ...(ignored > 0 ? { [indexIgnoredFailuresKey]: String(ignored) } : {}),
  };
}
