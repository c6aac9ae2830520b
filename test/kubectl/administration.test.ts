import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KubectlCluster, kubectls } from './kubectl.ts';

let k: KubectlCluster;
const ok = (...args: Parameters<KubectlCluster['ok']>): Promise<string> => k.ok(...args);

describe.skipIf(kubectls.size === 0)('kubectl and the cluster', () => {
  beforeAll(async () => {
    k = await KubectlCluster.start({ auth: { authorization: 'rbac' } });
  });
  afterAll(() => k[Symbol.asyncDispose]());

  test('cordon, taint, drain, uncordon', async () => {
    await ok('run guest --image=busybox --command -- sleep 1000');
    await ok('wait --for=condition=Ready pod/guest --timeout=180s');
    expect(await ok('cordon n1')).toBe('node/n1 cordoned\n');
    expect(await ok('get node n1 --no-headers')).toMatch(/Ready,SchedulingDisabled/);
    expect(await ok('uncordon n1')).toBe('node/n1 uncordoned\n');
    expect(await ok('taint node n1 key=value:NoSchedule')).toBe('node/n1 tainted\n');
    expect(await ok(['get', 'node', 'n1', '-o', 'jsonpath={.spec.taints[0].key}'])).toBe('key');
    expect(await ok('taint node n1 key-')).toBe('node/n1 untainted\n');
    const refused = await k.run(['drain', 'n1', '--timeout=30s']);
    expect(refused.err).toMatch(/cannot delete cannot delete|cannot delete Pods? that declare no controller|declare no controller/);
    expect(await ok('drain n1 --force --grace-period=1 --timeout=180s')).toMatch(/evicting pod default\/guest|pod\/guest evicted/);
    expect(await ok('get pods -o name')).toBe('');
    await ok('uncordon n1');
  });

  test('auth can-i and whoami, as oneself and as others', async () => {
    expect(await ok('auth can-i delete nodes')).toBe('yes\n');
    expect(await ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups[0]}'])).toBe('system:masters');
    await ok('create namespace team');
    await ok('create rolebinding dev -n team --clusterrole=edit --user=alice');
    expect(await ok('auth can-i create deployments -n team --as alice')).toBe('yes\n');
    const no = await k.run(['auth', 'can-i', 'create', 'rolebindings', '-n', 'team', '--as', 'alice']);
    expect(no).toMatchObject({ code: 1, out: 'no\n' });
    expect(await ok('auth can-i --list -n team --as alice')).toMatch(/^deployments\.apps +\[\] +\[\] +\[/m);
    expect((await k.run(['get', 'secrets', '--as', 'alice'])).err).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "alice" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    );
    expect((await k.run(['get', 'pods', '--token', 'wrong'])).err).toMatch(/Unauthorized|You must be logged in/);
  });

  test('somebody with a client certificate is who it says', async () => {
    const { kubeconfig } = await k.server.clientCertificate({ commonName: 'alice', organizations: ['dev'] });
    const file = await k.file('alice.json', JSON.stringify(kubeconfig));
    expect(await ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}', '--kubeconfig', file])).toBe(
      'alice ["dev","system:authenticated"]',
    );
    expect(await ok(['get', 'pods', '-n', 'team', '-o', 'name', '--kubeconfig', file])).toBe('');
    expect((await k.run(['get', 'nodes', '--kubeconfig', file])).err).toMatch(/nodes is forbidden: User "alice" cannot list/);
  });

  test('a token of a service account does what its account may', async () => {
    await ok('create serviceaccount robot -n team');
    await ok('create rolebinding robot -n team --clusterrole=view --serviceaccount=team:robot');
    const token = (await ok('create token robot -n team --duration=1h')).trim();
    const { kubeconfig } = k.server;
    const user = { name: kubeconfig.users[0]!.name, user: { token } };
    const file = await k.file('robot.json', JSON.stringify({ ...kubeconfig, users: [user] }));
    expect(await ok(['get', 'pods', '-n', 'team', '-o', 'name', '--kubeconfig', file])).toBe('');
    expect((await k.run(['get', 'secrets', '-n', 'team', '--kubeconfig', file])).err).toMatch(
      /User "system:serviceaccount:team:robot" cannot list/,
    );
  });

  test('top tells what nodes and Pods use', async () => {
    await ok('run busy --image=busybox --command -- sleep 1000');
    await ok('wait --for=condition=Ready pod/busy --timeout=180s');
    // Of a container that started within this very second nothing is known yet: it is asked for again until there is.
    await expect.poll(async () => (await k.run(['top', 'pods', '--no-headers'])).out, { timeout: 120_000 }).toMatch(/^busy +\d+m +\d+Mi/m);
    expect(await ok('top pod busy --containers --no-headers')).toMatch(/^busy +busy +\d+m +\d+Mi/m);
    expect(await ok('top nodes --no-headers')).toMatch(/^n1 +\d+m +\d+% +\d+Mi +\d+%/m);
    await ok('delete pod busy --now');
  });

  test('what the host did not agree to is refused, and says who has to', async () => {
    const file = `${k.folder}/shy`;
    await using shy = await k.cluster.serve();
    await shy.writeKubeconfig(file);
    const said = await k.run(['run', 'bare', '--image=busybox', '--kubeconfig', file]);
    expect(said.err).toMatch(
      /pods "bare" is forbidden: spec: a Pod on the process runtime.*may not be asked for over HTTP: the program that runs this cluster has not opted in \(serve\(\{ allow: \['host-processes'\] \}\)\)/,
    );
  });
});
