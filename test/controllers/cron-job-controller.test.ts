import { expect, test } from 'vitest';
import type { CronJobSpec } from '../../src/api/generated/models.ts';
import { parseTime } from '../../src/api/time.ts';
import { CronTimes } from '../../src/controllers/cron/cron-times.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { CronJob, type Cluster } from '../../src/index.ts';
import { cronJobKind } from '../../src/kinds/cron-job.ts';
import { jobKind } from '../../src/kinds/job.ts';
import { reasonsOf, smallCluster } from './small-cluster.ts';

const namespace = 'default';
const images = { ok: { runsForMs: 1000 }, bad: { runsForMs: 1000, exitCode: 1 }, slow: { runsForMs: 150_000 }, long: {} };

const clusterAt = (time: string): Promise<Cluster> => smallCluster(images, { clock: new ManualClock(parseTime(time)) });

const cronJob = (image: keyof typeof images, spec: Partial<CronJobSpec> = {}) => ({
  metadata: { name: 'c', namespace },
  spec: {
    schedule: '*/1 * * * *',
    jobTemplate: { spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] } } } },
    ...spec,
  },
});
const jobs = (cluster: Cluster) => cluster.view.list(jobKind, { namespace });
const names = (cluster: Cluster) => jobs(cluster).map((job) => job.metadata.name);
const statusOf = (cluster: Cluster) => cluster.view.get(cronJobKind, namespace, 'c')?.status;
const nameAt = (time: string) => `c-${parseTime(time) / 60_000}`;

test('a Job for every time, named after it, and the last three that succeeded are kept', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:30Z');
  await cluster.client.create(cronJobKind, cronJob('ok'));
  await cluster.advance('29s');
  expect(jobs(cluster)).toEqual([]);
  await cluster.advance('6s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:01:00Z')]);
  expect(jobs(cluster)[0]?.metadata.annotations).toEqual({ 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T10:01:00Z' });
  await cluster.advance('5m');
  expect(names(cluster)).toEqual(['10:04', '10:05', '10:06'].map((time) => nameAt(`2026-01-01T${time}:00Z`)));
  expect(statusOf(cluster)).toMatchObject({ lastScheduleTime: '2026-01-01T10:06:00Z' });
  expect(statusOf(cluster)).not.toHaveProperty('active');
  expect(reasonsOf(cluster, 'c')).toEqual(expect.arrayContaining(['SuccessfulCreate', 'SawCompletedJob', 'SuccessfulDelete']));
});

test('of the Jobs that failed one is kept', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('bad'));
  await cluster.advance('3m30s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:03:00Z')]);
});

test('Allow: Jobs run side by side', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('slow'));
  await cluster.advance('2m10s');
  expect(statusOf(cluster)?.active?.map((each) => each.name)).toEqual(names(cluster));
  expect(names(cluster)).toHaveLength(2);
});

test('Forbid: the next waits for the end of the last', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('slow', { concurrencyPolicy: 'Forbid' }));
  await cluster.advance('3m20s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:01:00Z')]);
  expect(reasonsOf(cluster, 'c')).toContain('JobAlreadyActive');
  await cluster.advance('30s');
  // The first ended at 10:03:30: the time that was missed last is made up for.
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:01:00Z'), nameAt('2026-01-01T10:03:00Z')]);
});

test('Forbid with a deadline: what is too late is left out', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('slow', { concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 10 }));
  await cluster.advance('3m50s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:01:00Z')]);
  await cluster.advance('20s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:01:00Z'), nameAt('2026-01-01T10:04:00Z')]);
});

test('Replace: the last makes way', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('long', { concurrencyPolicy: 'Replace' }));
  await cluster.advance('3m50s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:03:00Z')]);
  expect(statusOf(cluster)?.active).toHaveLength(1);
});

test('suspended, nothing is started; resumed, only the last time counts', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('ok', { suspend: true }));
  await cluster.advance('5m30s');
  expect(jobs(cluster)).toEqual([]);
  await cluster.client.patch(cronJobKind, { namespace, name: 'c' }, { type: 'merge', patch: { spec: { suspend: false } } });
  await cluster.advance('10s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T10:05:00Z')]);
});

test('after a long time in which nobody looked, one Job is started and the many that were missed are told', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  await cluster.client.create(cronJobKind, cronJob('ok', { suspend: true }));
  await cluster.advance('3h30s');
  await cluster.client.patch(cronJobKind, { namespace, name: 'c' }, { type: 'merge', patch: { spec: { suspend: false } } });
  await cluster.advance('10s');
  expect(names(cluster)).toEqual([nameAt('2026-01-01T13:00:00Z')]);
  expect(reasonsOf(cluster, 'c')).toContain('TooManyMissedTimes');
});

test('a time zone moves the schedule, and the Job says it in its own time', async () => {
  await using cluster = await clusterAt('2026-07-01T03:59:00Z');
  await cluster.client.create(cronJobKind, cronJob('ok', { schedule: '0 6 * * *', timeZone: 'Europe/Berlin' }));
  await cluster.advance('2m');
  expect(jobs(cluster)[0]?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe('2026-07-01T06:00:00+02:00');
});

const runs = (schedule: string, zone: string | undefined, from: string, count: number): readonly string[] => {
  const times = new CronTimes(schedule, zone);
  const found: string[] = [];
  let at = parseTime(from);
  while (found.length < count) {
    at = times.next(at)!;
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
};

test.each([
  ['*/15 * * * *', undefined, '2026-01-01T00:07:00Z', ['2026-01-01T00:15', '2026-01-01T00:30']],
  ['5/20 * * * ?', undefined, '2026-01-01T00:07:00Z', ['2026-01-01T00:25', '2026-01-01T00:45', '2026-01-01T01:05']],
  ['0 0 13 * FRI', undefined, '2026-02-11T00:00:00Z', ['2026-02-13T00:00', '2026-02-20T00:00', '2026-02-27T00:00']],
  ['@hourly', undefined, '2026-01-01T00:07:00Z', ['2026-01-01T01:00']],
  ['@every 90s', undefined, '2026-01-01T00:00:00Z', ['2026-01-01T00:01', '2026-01-01T00:03']],
  // There is no half past two on the day the clocks are put forward.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', ['2026-03-28T01:30', '2026-03-30T00:30']],
  // There are two on the day they are put back.
  ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', ['2026-10-25T00:30', '2026-10-25T01:30', '2026-10-26T01:30']],
] as const)('times of %s in %s', (schedule, zone, from, expected) => {
  expect(runs(schedule, zone, from, expected.length)).toEqual(expected);
});

test('a date that never comes has no time', () => {
  expect(new CronTimes('0 0 31 2 *').next(0)).toBeUndefined();
});

test('the verbs of a CronJob: what it made, a Job out of turn, suspended and resumed', async () => {
  await using cluster = await clusterAt('2026-01-01T10:00:00Z');
  const stored = await cluster.client.create(cronJobKind, cronJob('ok'));
  const handle = new CronJob(stored, cluster.client).bind(cluster.client, stored);
  const manual = await handle.trigger('by-hand');
  await cluster.advance('20s');
  expect(manual.complete).toBe(true);
  await cluster.advance('1m');
  expect(handle.jobs().map((job) => job.name)).toEqual(['by-hand', nameAt('2026-01-01T10:01:00Z')]);
  await handle.suspend();
  await cluster.advance('2m');
  expect(handle.jobs()).toHaveLength(2);
  await handle.resume();
  await cluster.advance('1m');
  expect(handle.jobs().length).toBeGreaterThan(2);
});
