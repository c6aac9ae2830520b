import type { KubeObject } from '../../../src/api/object.ts';
import type { ControllerScenario, ScenarioHands } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { builtIn } from './built-in.ts';

const minuteMs = 60_000;
const pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'work:1' }] } };
const job = (spec: object = {}): KubeObject =>
  ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work' }, spec: { template: pod, ...spec } }) as KubeObject;
const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 };

/** All Pods that run fail. */
async function fail({ world }: ScenarioHands): Promise<void> {
  for (const each of [...world.pods()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)))
    if (each.status?.phase === 'Running') await world.report(each, 'Failed', false);
}

const jobs = { controllers: builtIn('job') };

export const jobScenarios: readonly ControllerScenario[] = [
  {
    ...jobs,
    name: 'job: five completions, two at a time',
    pods: 'finish',
    steps: [({ create }) => create(job({ completions: 5, parallelism: 2 }))],
  },
  { ...jobs, name: 'job: indexed', pods: 'finish', steps: [({ create }) => create(job(indexed))] },
  {
    ...jobs,
    name: 'job: back-off limit of none',
    steps: [({ create }) => create(job({ backoffLimit: 0 })), fail],
  },
  {
    ...jobs,
    name: 'job: a failure is tried again',
    steps: [
      ({ create }) => create(job({ backoffLimit: 3 })),
      fail,
      ({ world }) => {
        world.manner = 'finish';
      },
      ({ advance }) => advance(minuteMs),
    ],
  },
  {
    ...jobs,
    name: 'job: failed indexes',
    steps: [({ create }) => create(job({ ...indexed, backoffLimitPerIndex: 0 })), fail],
  },
  {
    ...jobs,
    name: 'job: deadline',
    steps: [({ create }) => create(job({ activeDeadlineSeconds: 30, completions: 2, parallelism: 2 })), ({ advance }) => advance(minuteMs)],
  },
  {
    ...jobs,
    name: 'job: suspended and resumed',
    steps: [
      ({ create }) => create(job({ completions: 3, parallelism: 3 })),
      ({ patch }) => patch('Job', 'work', { spec: { suspend: true } }),
      ({ patch }) => patch('Job', 'work', { spec: { suspend: false } }),
    ],
  },
  {
    ...jobs,
    name: 'job: fewer at a time',
    steps: [
      ({ create }) => create(job({ completions: 4, parallelism: 4 })),
      ({ patch }) => patch('Job', 'work', { spec: { parallelism: 1 } }),
    ],
  },
  {
    controllers: builtIn('job,ttl-after-finished,garbage-collector'),
    name: 'job: gone some time after its end',
    pods: 'finish',
    steps: [({ create }) => create(job({ ttlSecondsAfterFinished: 10, completions: 2 })), ({ advance }) => advance(minuteMs)],
  },
  {
    controllers: builtIn('job,garbage-collector'),
    name: 'job: orphaned',
    steps: [({ create }) => create(job({ parallelism: 2, completions: 2 })), (hands) => hands.delete('Job', 'work', 'Orphan')],
  },
];

const cronJob = (spec: object = {}): KubeObject =>
  ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: pod } }, ...spec },
  }) as KubeObject;
const cron = { controllers: builtIn('cronjob,job,garbage-collector') };

export const cronJobScenarios: readonly ControllerScenario[] = [
  {
    ...cron,
    name: 'cronjob: histories',
    pods: 'finish',
    steps: [({ create }) => create(cronJob({ successfulJobsHistoryLimit: 1 })), ({ advance }) => advance(3.5 * minuteMs)],
  },
  {
    ...cron,
    name: 'cronjob: Forbid',
    steps: [({ create }) => create(cronJob({ concurrencyPolicy: 'Forbid' })), ({ advance }) => advance(1.5 * minuteMs)],
  },
  {
    ...cron,
    name: 'cronjob: Replace',
    steps: [({ create }) => create(cronJob({ concurrencyPolicy: 'Replace' })), ({ advance }) => advance(2.5 * minuteMs)],
  },
];
