import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KubectlCluster, kubectls } from './kubectl.ts';

const manifest = `apiVersion: v1
kind: ReplicationController
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {app: web}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox
        command: [sh, -c, 'trap "exit 0" TERM; echo started; while :; do sleep 0.1; done']
`;

let k: KubectlCluster;
const ok = (...args: Parameters<KubectlCluster['ok']>): Promise<string> => k.ok(...args);
const replicas = (): Promise<string> => ok(['get', 'rc', 'web', '-o', 'jsonpath={.spec.replicas}']);

describe.skipIf(kubectls.size === 0)('kubectl and objects', () => {
  beforeAll(async () => {
    k = await KubectlCluster.start();
    await k.file('web.yaml', manifest);
    await k.file('edit.sh', 'sed -i "s/replicas: [0-9]*/replicas: 1/" "$1"\n');
  });
  afterAll(() => k[Symbol.asyncDispose]());

  test('learns what there is', async () => {
    expect(await ok('version')).toMatch(/Server Version: v1\.33\./);
    const resources = await ok('api-resources --no-headers');
    for (const line of [
      /^pods +po +v1 +true +Pod$/m,
      /^deployments +deploy +apps\/v1 +true +Deployment$/m,
      /^nodes +no +v1 +false +Node$/m,
    ])
      expect(resources).toMatch(line);
    expect(await ok('api-resources --verbs=create --api-group=authorization.k8s.io -o name')).toContain('selfsubjectaccessreviews');
    expect(await ok('explain pod.spec.containers.image')).toMatch(/FIELD: image <string>/);
    expect(await ok('explain rc --recursive')).toMatch(/replicas\s+<integer>/);
    expect(await ok('cluster-info')).toContain(k.server.url);
    expect(await ok('get --raw /healthz')).toBe('ok');
  });

  test('diff and apply, on the client and on the server', async () => {
    const before = await k.run(['diff', '-f', 'web.yaml']);
    expect(before.code).toBe(1);
    expect(before.out).toMatch(/^\+kind: ReplicationController$/m);
    expect(await ok('apply -f web.yaml')).toBe('replicationcontroller/web created\n');
    expect(await ok('apply -f web.yaml')).toBe('replicationcontroller/web unchanged\n');
    expect(await k.run(['diff', '-f', 'web.yaml'])).toMatchObject({ code: 0, out: '' });
    expect(await ok('apply -f -', { stdin: manifest.replace('replicas: 2', 'replicas: 3') })).toBe(
      'replicationcontroller/web configured\n',
    );
    expect(await replicas()).toBe('3');
    const other = await k.run(['apply', '--server-side', '--field-manager=other', '-f', 'web.yaml']);
    expect(other.err).toMatch(/Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: \.spec\.replicas/);
    expect(await ok('apply --server-side --force-conflicts -f web.yaml')).toBe('replicationcontroller/web serverside-applied\n');
    expect(await replicas()).toBe('2');
    const bad = await k.run(['apply', '-f', '-'], { stdin: manifest.replace('replicas:', 'replicass:') });
    expect(bad.err).toMatch(/strict decoding error: unknown field "spec\.replicass"/);
  });

  test('get in every form', async () => {
    await ok('wait --for=condition=Ready pod -l app=web --timeout=180s');
    expect(await ok('get rc')).toMatch(/^NAME +DESIRED +CURRENT +READY +AGE\nweb +2 +2 +2 +[\dhms]+\n$/);
    expect(await ok('get pods -l app=web -o wide --show-labels')).toMatch(
      /NODE .*LABELS\nweb-\w{5} +1\/1 +Running +0 +[\dhms]+ +[\d.]+ +n1 .*app=web/,
    );
    expect(await ok('get rc,svc -o name')).toBe('replicationcontroller/web\n');
    expect(JSON.parse(await ok('get rc web -o json'))).toMatchObject({ kind: 'ReplicationController', spec: { replicas: 2 } });
    expect(await ok('get rc web -o yaml')).toMatch(/^ {2}replicas: 2$/m);
    expect(await ok(['get', 'pods', '-o', 'custom-columns=P:.status.phase', '--no-headers'])).toBe('Running\nRunning\n');
    expect(await ok(['get', 'rc', '-o', 'go-template={{range .items}}{{.metadata.name}}{{end}}'])).toBe('web');
    expect(await ok(['get', 'pods', '--field-selector', 'status.phase=Failed', '-o', 'name'])).toBe('');
    expect(await ok('get pods -A --sort-by=.metadata.name -o name --chunk-size=1')).toMatch(/^(pod\/web-\w{5}\n){2}$/);
    expect((await k.run(['get', 'pod', 'none'])).err).toBe('Error from server (NotFound): pods "none" not found\n');
    expect((await k.run(['get', 'nothing'])).err).toContain(`the server doesn't have a resource type "nothing"`);
    expect(await ok('describe rc web')).toMatch(/Pods Status: +2 Running \/ 0 Waiting/);
    expect(await ok('describe node n1')).toMatch(/Non-terminated Pods: +\(2 in total\)/);
    expect(await ok('events --for rc/web')).toMatch(/SuccessfulCreate +ReplicationController\/web/);
  });

  test('changes: patch, label, annotate, scale, set, edit, expose, autoscale', async () => {
    const patch = (type: string, text: string): Promise<string> => ok(['patch', 'rc', 'web', `--type=${type}`, '-p', text]);
    expect(await patch('strategic', '{"spec":{"replicas":3}}')).toBe('replicationcontroller/web patched\n');
    expect(await patch('merge', '{"metadata":{"labels":{"x":"y"}}}')).toBe('replicationcontroller/web patched\n');
    expect(await patch('json', '[{"op":"replace","path":"/spec/replicas","value":2}]')).toBe('replicationcontroller/web patched\n');
    expect(await ok('label rc web tier=front x-')).toMatch(/replicationcontroller\/web (labeled|unlabeled)/);
    expect(await ok('annotate rc web note=hello')).toBe('replicationcontroller/web annotated\n');
    expect(await ok(['get', 'rc', 'web', '-o', 'jsonpath={.metadata.labels.tier} {.metadata.annotations.note} {.metadata.labels.x}'])).toBe(
      'front hello ',
    );
    expect(await ok('scale rc web --replicas=3 --current-replicas=2')).toBe('replicationcontroller/web scaled\n');
    expect(await ok('set env rc/web COLOR=red')).toBe('replicationcontroller/web env updated\n');
    expect(await ok('set image rc/web main=busybox:2 --dry-run=server')).toBe('replicationcontroller/web image updated (server dry run)\n');
    expect(await ok('edit rc web', { env: { KUBE_EDITOR: `sh ${k.folder}/edit.sh` } })).toBe('replicationcontroller/web edited\n');
    expect(await replicas()).toBe('1');
    expect(await ok('expose rc web --port=80 --target-port=8080')).toBe('service/web exposed\n');
    expect(await ok('autoscale rc web --max=3')).toBe('horizontalpodautoscaler.autoscaling/web autoscaled\n');
  });

  test('a watch sees what happens', async () => {
    const watching = k.start(['get', 'configmaps', '-w', '--output-watch-events']);
    const columns = k.start(['get', 'configmaps', '-w', '-o', 'custom-columns=N:.metadata.name,D:.data.key']);
    await ok('create configmap seen --from-literal=key=one');
    await Promise.all([watching.until(/ADDED +seen +1/), columns.until(/seen +one/)]);
    await ok(['patch', 'configmap', 'seen', '-p', '{"data":{"key":"two"}}']);
    await Promise.all([watching.until(/MODIFIED +seen +1/), columns.until(/seen +two/)]);
    await ok('delete configmap seen');
    expect(await watching.until(/DELETED +seen/)).toMatch(/ADDED(.*\n)+MODIFIED(.*\n)+DELETED/);
    for (const { child, ended } of [watching, columns]) {
      child.kill('SIGINT');
      await ended;
    }
  });

  test.each([
    ['namespace made', 'namespace/made created'],
    ['secret generic s --from-literal=a=b', 'secret/s created'],
    ['deployment d --image=busybox --replicas=0', 'deployment.apps/d created'],
    ['job j --image=busybox -- true', 'job.batch/j created'],
    ['service clusterip c --tcp=80', 'service/c created'],
    ['serviceaccount sa', 'serviceaccount/sa created'],
    ['role r --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/r created'],
    ['rolebinding rb --role=r --serviceaccount=default:sa', 'rolebinding.rbac.authorization.k8s.io/rb created'],
    ['quota q --hard=configmaps=100', 'resourcequota/q created'],
    ['ingress i --rule=example.org/path=c:80', 'ingress.networking.k8s.io/i created'],
    ['priorityclass pc --value=10', 'priorityclass.scheduling.k8s.io/pc created'],
  ])('create %s', async (args, said) => {
    expect(await ok(`create ${args}`)).toBe(`${said}\n`);
  });

  test('delete: background, foreground, orphan, now, all that match', async () => {
    const made = async (name: string): Promise<void> => {
      await ok('create -f -', { stdin: manifest.replaceAll('web', name) });
      await ok(`wait --for=jsonpath={.status.readyReplicas}=2 rc/${name} --timeout=180s`);
    };
    await made('orphan');
    expect(await ok('delete rc orphan --cascade=orphan')).toBe('replicationcontroller "orphan" deleted\n');
    expect(await ok('get pods -l app=orphan -o name')).toMatch(/^(pod\/orphan-\w{5}\n){2}$/);
    expect(await ok('delete pods -l app=orphan --now')).toMatch(/^(pod "orphan-\w{5}" deleted\n){2}$/);
    await made('front');
    await ok('delete rc front --cascade=foreground --timeout=180s');
    expect(await ok('get pods -l app=front -o name')).toBe('');
    await made('back');
    await ok('delete rc back');
    await ok('wait --for=delete pod -l app=back --timeout=180s');
    await ok('delete rc,svc --all');
    expect(await ok('get rc,svc -o name')).toBe('');
    await ok('delete namespace made --timeout=180s');
    expect((await k.run(['get', 'namespace', 'made'])).err).toContain('(NotFound)');
  });

  test('runs Pods, and knows its contexts', async () => {
    expect(await ok('run once --image=busybox --restart=Never --command -- sh -c true')).toBe('pod/once created\n');
    await ok('wait --for=jsonpath={.status.phase}=Succeeded pod/once --timeout=180s');
    expect(await ok('config current-context')).toBe('coxswain\n');
    expect(await ok('config use-context coxswain')).toBe('Switched to context "coxswain".\n');
    expect((await k.run(['config', 'use-context', 'none'])).code).toBe(1);
  });

  test.each([...kubectls.keys()].filter((minor) => minor !== '1.33'))('kubectl %s: apply, get, diff', async (version) => {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-${version}}\ndata: {a: b}\n`;
    expect(await ok('apply -f -', { version, stdin: text })).toBe(`configmap/by-${version} created\n`);
    expect(await ok('apply --server-side --force-conflicts -f -', { version, stdin: text.replace('b}', 'c}') })).toMatch(
      /serverside-applied/,
    );
    expect(await ok(`get configmap by-${version} -o jsonpath={.data.a}`, { version })).toBe('c');
    expect(await ok('get nodes', { version })).toMatch(/^n1 +Ready +<none> +\w+ +v1\.33\.0$/m);
    expect(await ok(`create configmap typed-${version} --from-literal=a=b`, { version })).toBe(`configmap/typed-${version} created\n`);
    expect(await ok(`delete configmap by-${version} typed-${version}`, { version })).toContain('deleted');
  });
});
