import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KubectlCluster, kubectls } from './kubectl.ts';

const container = (version: number): string => `      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox
        env: [{name: VERSION, value: "${version}"}]
        command: [sh, -c, 'trap "exit 0" TERM; while :; do sleep 0.1; done']
`;
const workload = (kind: string, version: number, rest = ''): string => `apiVersion: apps/v1
kind: ${kind}
metadata: {name: web, annotations: {kubernetes.io/change-cause: version ${version}}}
spec:
${rest}
  selector: {matchLabels: {app: ${kind.toLowerCase()}}}
  template:
    metadata: {labels: {app: ${kind.toLowerCase()}}}
    spec:
${container(version)}`;

let k: KubectlCluster;
const ok = (...args: Parameters<KubectlCluster['ok']>): Promise<string> => k.ok(...args);
/** The versions of the Pods that are to stay, one digit each. */
async function versions(app: string): Promise<string> {
  const fields = '{.metadata.deletionTimestamp}/{.spec.containers[0].env[0].value}';
  const lines = await ok(['get', 'pods', '-l', `app=${app}`, '-o', `jsonpath={range .items[*]}${fields}{"\\n"}{end}`]);
  return lines
    .split('\n')
    .filter((line) => line.startsWith('/'))
    .map((line) => line.slice(1))
    .join('');
}

describe.skipIf(kubectls.size === 0)('kubectl and workloads', () => {
  beforeAll(async () => {
    k = await KubectlCluster.start();
  });
  afterEach(() => ok('delete deployment,statefulset,daemonset,job,cronjob,pdb,quota,hpa --all'));
  afterAll(() => k[Symbol.asyncDispose]());

  test.each([
    ['Deployment', 'deployment', '  replicas: 2', 'deployment "web" successfully rolled out'],
    ['StatefulSet', 'statefulset', '  replicas: 2\n  serviceName: web', 'partitioned roll out complete: 2 new pods have been updated'],
    ['DaemonSet', 'daemonset', '', 'daemon set "web" successfully rolled out'],
  ])('rollout of a %s: status, history, undo, restart', async (kind, resource, rest, done) => {
    const rolledOut = async (): Promise<void> => expect(await ok(`rollout status ${resource}/web --timeout=180s`)).toContain(done);
    const wanted = (): Promise<string> => ok(['get', resource, 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env[0].value}']);
    await ok('apply -f -', { stdin: workload(kind, 1, rest) });
    await rolledOut();
    await ok('apply -f -', { stdin: workload(kind, 2, rest) });
    await rolledOut();
    expect(await versions(resource)).toMatch(/^2+$/);
    expect(await ok(`rollout history ${resource}/web`)).toMatch(/REVISION +CHANGE-CAUSE\n1 +version 1\n2 +version 2\n/);
    expect(await ok(`rollout history ${resource}/web --revision=1`)).toMatch(/VERSION:\s+1/);
    expect(await ok(`rollout undo ${resource}/web`)).toContain(`${resource}.apps/web rolled back`);
    await rolledOut();
    expect(await versions(resource)).toMatch(/^1+$/);
    expect(await ok(`rollout undo ${resource}/web --to-revision=2`)).toContain('rolled back');
    expect(await wanted()).toBe('2');
    await rolledOut();
    expect(await ok(`rollout restart ${resource}/web`)).toContain(`${resource}.apps/web restarted`);
    await rolledOut();
    expect(await versions(resource)).toMatch(/^2+$/);
    expect(await k.run(['rollout', 'undo', `${resource}/web`, '--to-revision=99'])).toMatchObject({ code: 1 });
  });

  test('pause and resume', async () => {
    await ok('apply -f -', { stdin: workload('Deployment', 1, '  replicas: 1') });
    await ok('set env deployment/web VERSION=2');
    await ok('rollout status deployment/web --timeout=180s');
    expect(await ok('rollout pause deployment/web')).toBe('deployment.apps/web paused\n');
    await ok('set env deployment/web VERSION=3');
    expect((await k.run(['rollout', 'undo', 'deployment/web'])).err).toContain('cannot rollback a paused deployment');
    expect((await k.run(['rollout', 'restart', 'deployment/web'])).err).toContain("can't restart paused deployment");
    expect(await versions('deployment')).toBe('2');
    expect(await ok('rollout resume deployment/web')).toBe('deployment.apps/web resumed\n');
    await ok('rollout status deployment/web --timeout=180s');
    expect(await versions('deployment')).toBe('3');
    await ok('wait --for=condition=Available deployment/web --timeout=180s');
    expect(await ok('get deployment web')).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1 +1 +1 +[\dhms]+\n$/);
  });

  test('a rollout that cannot succeed ends the wait when its deadline has passed', async () => {
    const stuck = workload('Deployment', 1, '  replicas: 1\n  progressDeadlineSeconds: 2').replace('image: busybox', 'image: nowhere');
    await ok('apply -f -', { stdin: stuck });
    const { code, err } = await k.run(['rollout', 'status', 'deployment/web', '--timeout=180s']);
    expect(err).toContain('deployment "web" exceeded its progress deadline');
    expect(code).toBe(1);
  });

  test('Jobs and CronJobs: create, wait, from a schedule', async () => {
    await ok(['create', 'job', 'once', '--image=busybox', '--', 'sh', '-c', 'echo done']);
    await ok('wait --for=condition=complete job/once --timeout=180s');
    expect(await ok('get job once')).toMatch(/NAME +STATUS +COMPLETIONS +DURATION +AGE\nonce +Complete +1\/1/);
    expect(await ok('logs job/once')).toBe('done\n');
    await ok(['create', 'cronjob', 'nightly', '--image=busybox', '--schedule=0 3 * * *', '--', 'sh', '-c', 'exit 3']);
    expect(await ok('get cronjob nightly')).toMatch(/nightly +0 3 \* \* \* +<none> +False +0 +<none>/);
    await ok('create job now --from=cronjob/nightly');
    await ok(['patch', 'job', 'now', '--type=merge', '-p', '{"spec":{"suspend":true}}']);
    await ok('wait --for=condition=suspended job/now --timeout=180s');
    expect(await ok('describe job now')).toMatch(/Suspend: +true/);
  });

  test('budgets, quotas and autoscalers are made and shown', async () => {
    await ok('apply -f -', { stdin: workload('Deployment', 1, '  replicas: 2') });
    await ok('rollout status deployment/web --timeout=180s');
    await ok('create poddisruptionbudget web --selector=app=deployment --min-available=2');
    const [pod] = (await ok('get pods -l app=deployment -o name')).split('\n');
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod!.slice('pod/'.length), namespace: 'default' } };
    const path = `/api/v1/namespaces/default/pods/${eviction.metadata.name}/eviction`;
    const refused = await k.run(['create', '--raw', path, '-f', '-'], { stdin: JSON.stringify(eviction) });
    expect(refused.err).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(await ok('get pdb web')).toMatch(/web +2 +N\/A +0 /);
    await ok('create quota small --hard=pods=3,count/configmaps=5');
    await ok('scale deployment web --replicas=5');
    await ok(['wait', '--for=jsonpath={.status.replicas}=3', 'deployment/web', '--timeout=180s']);
    expect(await ok('describe quota small')).toMatch(/pods +3 +3/);
    await ok(['wait', '--for=condition=ReplicaFailure', 'deployment/web', '--timeout=180s']);
    await ok('autoscale deployment web --min=1 --max=4 --cpu-percent=50');
    expect(await ok('get hpa web')).toMatch(/web +Deployment\/web +<unknown>\/50% +1 +4/);
  });
});
