import { expect, test } from 'vitest';
import type { JobSpec } from '../../src/api/generated/models.ts';
import { Job, type Cluster, type WaitFailedError } from '../../src/index.ts';
import { jobKind } from '../../src/kinds/job.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { reasonsOf, smallCluster } from './small-cluster.ts';

const namespace = 'default';
const images = {
  ok: { runsForMs: 1000 },
  long: {},
  slow: { stopMs: 5000 },
  bad: { runsForMs: 1000, exitCode: 1 },
  rude: { runsForMs: 1000, exitCode: 42 },
  // Index 1 never succeeds.
  partly: { runsForMs: 1000, exitCode: ({ podName }: { readonly podName: string }) => (podName.startsWith('j-1-') ? 1 : 0) },
};

const job = (image: keyof typeof images, spec: Partial<JobSpec> = {}) => ({
  metadata: { name: 'j', namespace },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] } }, ...spec },
});
const statusOf = (cluster: Cluster) => cluster.view.get(jobKind, namespace, 'j')?.status;
const conditions = (cluster: Cluster) => statusOf(cluster)?.conditions?.map(({ type, reason }) => `${type}: ${reason}`);
const podsOf = (cluster: Cluster) => cluster.view.list(podKind, { namespace });

test('as many Pods at a time as asked for, until enough have succeeded', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('ok', { completions: 5, parallelism: 2 }));
  await cluster.settle();
  expect(statusOf(cluster)).toMatchObject({ active: 2 });
  await cluster.advance('10s');
  expect(statusOf(cluster)).toMatchObject({ succeeded: 5, terminating: 0, ready: 0, uncountedTerminatedPods: {} });
  expect(statusOf(cluster)).not.toHaveProperty('active');
  expect(conditions(cluster)).toEqual(['Complete: undefined']);
  expect(podsOf(cluster)).toHaveLength(5);
  expect(podsOf(cluster).every((pod) => pod.metadata.finalizers === undefined)).toBe(true);
  expect(reasonsOf(cluster, 'j')).toEqual([...Array<string>(5).fill('SuccessfulCreate'), 'Completed']);
  const { revision } = cluster.view;
  await cluster.settle();
  expect(cluster.view.revision).toBe(revision);
});

test('failures are tried again ever later, and the limit ends it', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('bad', { backoffLimit: 2 }));
  await cluster.advance('5s');
  expect(statusOf(cluster)).toMatchObject({ failed: 1 });
  expect(podsOf(cluster)).toHaveLength(1);
  await cluster.advance('10s');
  expect(podsOf(cluster)).toHaveLength(2);
  // The second wait is twice as long.
  await cluster.advance('15s');
  expect(podsOf(cluster)).toHaveLength(2);
  await cluster.advance('10s');
  expect(statusOf(cluster)).toMatchObject({ failed: 3 });
  expect(conditions(cluster)).toEqual(['Failed: BackoffLimitExceeded']);
  expect(reasonsOf(cluster, 'j')).toContain('BackoffLimitExceeded');
});

test('the wait between failures doubles up to ten minutes, and does not grow further', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('bad', { backoffLimit: 100 }));
  // 10 + 20 + 40 + 80 + 160 + 320 seconds of waiting, and a second for each of seven tries.
  await cluster.advance('11m');
  expect(statusOf(cluster)).toMatchObject({ failed: 7 });
  await cluster.advance('9m');
  expect(statusOf(cluster)).toMatchObject({ failed: 7 });
  await cluster.advance('1m');
  expect(statusOf(cluster)).toMatchObject({ failed: 8 });
  await cluster.advance('9m');
  expect(statusOf(cluster)).toMatchObject({ failed: 8 });
  await cluster.advance('2m');
  expect(statusOf(cluster)).toMatchObject({ failed: 9 });
});

test('an Indexed Job gives each Pod its index', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('ok', { completions: 3, parallelism: 3, completionMode: 'Indexed' }));
  await cluster.advance('10s');
  const pods = podsOf(cluster);
  expect(pods.map((pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '').sort()).toEqual(['0', '1', '2']);
  expect(pods.map((pod) => pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? '').sort()).toEqual(['0', '1', '2']);
  expect(pods.map((pod) => pod.spec?.hostname ?? '').sort()).toEqual(['j-0', 'j-1', 'j-2']);
  expect(pods[0]?.spec?.containers[0]?.env).toEqual([
    {
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } },
    },
  ]);
  expect(statusOf(cluster)).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
});

test('with a limit for each index, one that fails does not stop the others', async () => {
  await using cluster = await smallCluster(images);
  const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimitPerIndex: 1 };
  await cluster.client.create(jobKind, job('partly', spec));
  await cluster.advance('2m');
  expect(statusOf(cluster)).toMatchObject({ succeeded: 2, failed: 2, completedIndexes: '0,2', failedIndexes: '1' });
  expect(conditions(cluster)).toEqual(['FailureTarget: FailedIndexes', 'Failed: FailedIndexes']);
  const counts = podsOf(cluster).flatMap((pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'] ?? []);
  expect(counts.sort()).toEqual(['0', '0', '0', '1']);
});

test('too many failed indexes end the Job at once', async () => {
  await using cluster = await smallCluster(images);
  const spec = { completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 0, maxFailedIndexes: 1 };
  await cluster.client.create(jobKind, job('bad', spec));
  await cluster.advance('1m');
  expect(conditions(cluster)).toEqual(['FailureTarget: MaxFailedIndexesExceeded', 'Failed: MaxFailedIndexesExceeded']);
});

test('a policy can fail the Job by an exit code, and leave failures uncounted', async () => {
  await using cluster = await smallCluster(images);
  const rules = [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } },
  ];
  await cluster.client.create(jobKind, job('rude', { podFailurePolicy: { rules } }));
  await cluster.advance('10s');
  expect(conditions(cluster)).toEqual(['FailureTarget: PodFailurePolicy', 'Failed: PodFailurePolicy']);
  const [pod] = podsOf(cluster);
  expect(statusOf(cluster)?.conditions?.[0]?.message).toBe(
    `Container c for pod default/${pod!.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
  );
  await cluster.client.create(jobKind, {
    ...job('bad', { backoffLimit: 0, podFailurePolicy: { rules } }),
    metadata: { name: 'k', namespace },
  });
  await cluster.advance('15s');
  expect(cluster.view.get(jobKind, namespace, 'k')?.status).not.toHaveProperty('failed');
  expect(cluster.view.list(podKind, { namespace, labels: 'job-name=k' })).toHaveLength(2);
});

test('a success policy ends the Job before all indexes are done', async () => {
  await using cluster = await smallCluster(images);
  const spec = {
    completions: 3,
    parallelism: 3,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 5,
    successPolicy: { rules: [{ succeededIndexes: '0,2', succeededCount: 1 }] },
  };
  await cluster.client.create(jobKind, job('partly', spec));
  await cluster.advance('30s');
  expect(conditions(cluster)).toEqual(['SuccessCriteriaMet: SuccessPolicy', 'Complete: SuccessPolicy']);
  expect(statusOf(cluster)?.conditions?.[0]?.message).toBe('Matched rules at index 0');
});

test('a deadline ends what runs', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('slow', { activeDeadlineSeconds: 20, parallelism: 2, completions: 2 }));
  await cluster.advance('19s');
  expect(statusOf(cluster)).toMatchObject({ active: 2 });
  // The decision is told while the Pods are on their way out, then the end.
  await cluster.advance('3s');
  expect(conditions(cluster)).toEqual(['FailureTarget: DeadlineExceeded']);
  expect(statusOf(cluster)).toMatchObject({ terminating: 2 });
  await cluster.advance('1m');
  expect(conditions(cluster)).toEqual(['Failed: DeadlineExceeded']);
  expect(statusOf(cluster)).toMatchObject({ failed: 2, terminating: 0 });
});

test('suspended, nothing runs and nothing counts as failed; resumed, its time begins anew', async () => {
  await using cluster = await smallCluster(images);
  const created = await cluster.client.create(jobKind, job('long', { parallelism: 2, completions: 2, suspend: true }));
  await cluster.settle();
  expect(statusOf(cluster)?.startTime).toBeUndefined();
  expect(conditions(cluster)).toEqual(['Suspended: JobSuspended']);
  const handle = new Job(created, cluster.client).bind(cluster.client, created);
  await handle.resume();
  await cluster.settle();
  expect(statusOf(cluster)).toMatchObject({ active: 2 });
  const begun = statusOf(cluster)?.startTime;
  await cluster.advance('1m');
  await handle.suspend();
  await cluster.advance('1m');
  expect(podsOf(cluster)).toEqual([]);
  expect(statusOf(cluster)).not.toHaveProperty('failed');
  await handle.resume();
  await cluster.settle();
  expect(statusOf(cluster)?.startTime).not.toBe(begun);
  expect(podsOf(cluster)).toHaveLength(2);
  expect(reasonsOf(cluster, 'j').filter((reason) => reason === 'Suspended' || reason === 'Resumed')).toEqual(['Suspended', 'Resumed']);
});

test('a Pod that is deleted is counted as failed, and replaced', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('long'));
  await cluster.settle();
  const [pod] = podsOf(cluster);
  await cluster.client.delete(podKind, { namespace, name: pod!.metadata.name });
  await cluster.advance('1m');
  expect(statusOf(cluster)).toMatchObject({ active: 1, failed: 1 });
  expect(podsOf(cluster).map((each) => each.metadata.name)).not.toContain(pod!.metadata.name);
});

test('replacing only what has failed waits for the end of what is deleted', async () => {
  await using cluster = await smallCluster({ long: { stopMs: 20_000 } });
  await cluster.client.create(jobKind, job('long', { podReplacementPolicy: 'Failed' }));
  await cluster.settle();
  await cluster.client.delete(podKind, { namespace, name: podsOf(cluster)[0]!.metadata.name });
  await cluster.advance('10s');
  expect(podsOf(cluster)).toHaveLength(1);
  expect(statusOf(cluster)).toMatchObject({ terminating: 1 });
  await cluster.advance('1m');
  expect(statusOf(cluster)).toMatchObject({ active: 1, failed: 1, terminating: 0 });
});

test('a Job that is deleted takes its Pods with it; orphaned, they are not held back', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('long'));
  await cluster.settle();
  await cluster.client.delete(jobKind, { namespace, name: 'j' }, { propagationPolicy: 'Background' });
  await cluster.advance('1m');
  expect(podsOf(cluster)).toEqual([]);
  await cluster.client.create(jobKind, job('long'));
  await cluster.settle();
  await cluster.client.delete(jobKind, { namespace, name: 'j' }, { propagationPolicy: 'Orphan' });
  await cluster.advance('1m');
  expect(podsOf(cluster).map((pod) => pod.metadata.finalizers)).toEqual([undefined]);
});

test('the time of a Job begins with its first Pod, or at once if it has only so much of it', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('long', { parallelism: 0 }));
  await cluster.settle();
  expect(statusOf(cluster)).not.toHaveProperty('startTime');
  await cluster.client.patch(jobKind, { namespace, name: 'j' }, { type: 'merge', patch: { spec: { parallelism: 1 } } });
  await cluster.settle();
  expect(statusOf(cluster)).toHaveProperty('startTime');
  await cluster.client.create(jobKind, {
    ...job('long', { parallelism: 0, activeDeadlineSeconds: 20 }),
    metadata: { name: 'late', namespace },
  });
  await cluster.advance('21s');
  expect(cluster.view.get(jobKind, namespace, 'late')?.status?.conditions).toMatchObject([{ type: 'Failed', reason: 'DeadlineExceeded' }]);
});

test('some time after its end a Job is deleted, with its Pods', async () => {
  await using cluster = await smallCluster(images);
  await cluster.client.create(jobKind, job('ok', { ttlSecondsAfterFinished: 60 }));
  await cluster.advance('50s');
  expect(statusOf(cluster)).toMatchObject({ succeeded: 1 });
  await cluster.advance('30s');
  expect(statusOf(cluster)).toBeUndefined();
  expect(podsOf(cluster)).toEqual([]);
});

test('waiting for a Job that fails ends at once, with the reason', async () => {
  await using cluster = await smallCluster(images);
  const created = await cluster.client.create(jobKind, job('bad', { backoffLimit: 0 }));
  const handle = new Job(created, cluster.client).bind(cluster.client, created);
  const outcome = handle.waitFor('Complete', { timeoutMs: 600_000 }).then(
    () => 'complete',
    (error: WaitFailedError) => `${error.code}: ${error.message}`,
  );
  await cluster.advance('20s');
  expect(await outcome).toMatch(/^WAIT_FAILED: .*BackoffLimitExceeded/);
});
