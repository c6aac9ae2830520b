import { describe, expect, test } from 'vitest';
import type { ContainerConfig, Runtime, SandboxConfig, VolumeContent } from '../../src/runtimes/runtime.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { persistentVolumeClaimKind } from '../../src/kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../../src/kinds/persistent-volume.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { secretKind } from '../../src/kinds/secret.ts';
import { serviceKind } from '../../src/kinds/service.ts';
import { OneNode } from './one-node.ts';

/** The simulated runtime, with a record of what it was asked to make. */
class RecordingRuntime extends SimulatedRuntime implements Runtime {
  readonly configs: ContainerConfig[] = [];
  readonly sandboxes: SandboxConfig[] = [];
  readonly volumes: { readonly name: string; readonly content: VolumeContent }[] = [];

  override runSandbox(config: SandboxConfig): ReturnType<Runtime['runSandbox']> {
    this.sandboxes.push(config);
    return super.runSandbox(config);
  }

  override createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    this.configs.push(config);
    return super.createContainer(sandboxId, config);
  }

  override prepareVolume(sandboxId: string, name: string, content: VolumeContent): Promise<void> {
    this.volumes.push({ name, content });
    return super.prepareVolume(sandboxId, name, content);
  }

  env(container = 'web'): Record<string, string> {
    const config = this.configs.find((each) => each.container.name === container);
    return Object.fromEntries((config?.env ?? []).map(({ name, value }) => [name, value]));
  }

  files(volume: string): Record<string, string> | undefined {
    const content = this.volumes.findLast(({ name }) => name === volume)?.content;
    return content?.type === 'files'
      ? Object.fromEntries(content.files.map((file) => [file.path, Buffer.from(file.content).toString()]))
      : undefined;
  }
}

const start = (extras = {}): Promise<OneNode<RecordingRuntime>> => new OneNode(new RecordingRuntime()).open(extras);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const meta = (name: string) => ({ name, namespace: 'default' });
const configMap = (name: string, data: Record<string, string>) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(name), data }) as const;

describe('kubelet: environment', () => {
  test('values, references, fields and Services reach the container', async () => {
    await using node = await start();
    await node.create(configMapKind, configMap('c', { color: 'blue', size: '7', '1.of-many': 'x' }));
    await node.create(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata: meta('s'), data: { key: base64('hush') } });
    await node.create(serviceKind, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('my-db'),
      spec: { clusterIP: '10.9.8.7', ports: [{ name: 'sql', port: 5432 }] },
    });
    await node.pod('a', {
      containers: [
        {
          name: 'web',
          image: 'web:1',
          envFrom: [{ prefix: 'C_', configMapRef: { name: 'c' } }, { configMapRef: { name: 'c' } }],
          env: [
            { name: 'PLAIN', value: 'x' },
            { name: 'of any: kind', value: 'y' },
            { name: 'DERIVED', value: '$(PLAIN)-$(C_color)-$$(PLAIN)-$(NOBODY)' },
            { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
            { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
            { name: 'MAYBE', valueFrom: { configMapKeyRef: { name: 'none', key: 'k', optional: true } } },
          ],
          command: ['serve', '--color=$(C_color)'],
          args: ['$(PLAIN)', '$(NOBODY)'],
          resources: { limits: { cpu: '1500m' }, requests: { memory: '100Mi' } },
        },
      ],
    });
    await node.advance(1000);
    const env = node.runtime.env();
    expect(env).toMatchObject({
      C_color: 'blue',
      '1.of-many': 'x',
      'of any: kind': 'y',
      C_size: '7',
      PLAIN: 'x',
      DERIVED: 'x-blue-$(PLAIN)-$(NOBODY)',
      SECRET: 'hush',
      NAME: 'a',
      CPU: '1500',
      MEMORY: '100',
    });
    expect(env['IP']).toBe(node.status('a').podIP);
    expect(env).not.toHaveProperty('MAYBE');
    expect(env).toMatchObject({
      MY_DB_SERVICE_HOST: '10.9.8.7',
      MY_DB_SERVICE_PORT: '5432',
      MY_DB_SERVICE_PORT_SQL: '5432',
      MY_DB_PORT: 'tcp://10.9.8.7:5432',
      MY_DB_PORT_5432_TCP_ADDR: '10.9.8.7',
    });
    expect(node.runtime.configs[0]).toMatchObject({ command: ['serve', '--color=blue'], args: ['x', '$(NOBODY)'] });
  });

  test('a ConfigMap that is missing: CreateContainerConfigError, healed as soon as it is there', async () => {
    await using node = await start();
    await node.pod('a', {
      containers: [{ name: 'web', image: 'web:1', env: [{ name: 'K', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] }],
    });
    await node.advance(1000);
    expect(node.container('a').state?.waiting).toEqual({ reason: 'CreateContainerConfigError', message: 'configmap "c" not found' });
    expect(node.events.find(({ reason }) => reason === 'Failed')?.message).toBe('Error: configmap "c" not found');
    await node.create(configMapKind, configMap('c', { other: '1' }));
    await node.advance(1000);
    expect(node.container('a').state?.waiting?.message).toBe("couldn't find key k in ConfigMap default/c");
    const now = node.view.get(configMapKind, 'default', 'c')!;
    await node.client.update(configMapKind, { ...now, data: { k: 'v' } } as never);
    await node.advance(1000);
    expect(node.status('a').phase).toBe('Running');
    expect(node.runtime.env()).toMatchObject({ K: 'v' });
    expect(node.container('a').restartCount).toBe(0);
  });

  test('enableServiceLinks: false leaves only the API server', async () => {
    await using node = await start();
    await node.create(serviceKind, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('x'),
      spec: { clusterIP: '10.9.8.7', ports: [{ port: 80 }] },
    });
    await node.create(serviceKind, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('kubernetes'),
      spec: { clusterIP: '10.0.0.1', ports: [{ name: 'https', port: 443 }] },
    });
    await node.pod('a', { enableServiceLinks: false });
    await node.advance(1000);
    expect(Object.keys(node.runtime.env()).filter((name) => name.endsWith('_HOST'))).toEqual(['KUBERNETES_SERVICE_HOST']);
  });
});

describe('kubelet: volumes', () => {
  test('files from ConfigMap, Secret, downward API and projected', async () => {
    await using node = await start({ tokens: { issue: () => Promise.resolve({ token: 'tok', expiresAtMs: Number.MAX_SAFE_INTEGER }) } });
    await node.create(configMapKind, { ...configMap('c', { 'a.txt': 'A', 'b.txt': 'B' }), binaryData: { bin: base64('\u0001') } });
    await node.create(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata: meta('s'), data: { key: base64('hush') } });
    await node.pod(
      'a',
      {
        serviceAccountName: 'sa',
        volumes: [
          { name: 'all', configMap: { name: 'c' } },
          { name: 'some', configMap: { name: 'c', items: [{ key: 'b.txt', path: 'deep/b', mode: 0o600 }] } },
          { name: 'secret', secret: { secretName: 's', defaultMode: 0o400 } },
          { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          {
            name: 'mix',
            projected: {
              sources: [
                { configMap: { name: 'c', items: [{ key: 'a.txt', path: 'a' }] } },
                { secret: { name: 's' } },
                { serviceAccountToken: { path: 'token' } },
              ],
            },
          },
          { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
          { name: 'host', hostPath: { path: '/var/x', type: 'Directory' } },
        ],
      },
      { labels: { app: 'web', tier: 'b' } },
    );
    await node.advance(1000);
    const { runtime } = node;
    expect(runtime.files('all')).toEqual({ 'a.txt': 'A', 'b.txt': 'B', bin: '\u0001' });
    expect(runtime.files('some')).toEqual({ 'deep/b': 'B' });
    expect(runtime.files('secret')).toEqual({ key: 'hush' });
    expect(runtime.files('down')).toEqual({ labels: 'app="web"\ntier="b"' });
    expect(runtime.files('mix')).toEqual({ a: 'A', key: 'hush', token: 'tok' });
    const content = (name: string): VolumeContent | undefined => runtime.volumes.find((each) => each.name === name)?.content;
    expect(content('secret')).toMatchObject({ secret: true, files: [{ mode: 0o400 }] });
    expect(content('some')).toMatchObject({ files: [{ mode: 0o600 }] });
    expect(content('tmp')).toEqual({ type: 'emptyDir', medium: 'Memory', sizeLimitBytes: 1024 * 1024 });
    expect(content('host')).toEqual({ type: 'hostPath', path: '/var/x', pathType: 'Directory' });
    expect(node.status('a').phase).toBe('Running');
  });

  test('what is missing is a FailedMount, and no sandbox is made before it is there', async () => {
    await using node = await start();
    await node.pod('a', { volumes: [{ name: 'cfg', configMap: { name: 'c' } }] });
    await node.advance(3000);
    expect(node.status('a').phase).toBe('Pending');
    expect(node.container('a').state?.waiting?.reason).toBe('ContainerCreating');
    expect(node.events.find(({ reason }) => reason === 'FailedMount')).toMatchObject({
      type: 'Warning',
      message: 'MountVolume.SetUp failed for volume "cfg" : configmap "c" not found',
    });
    expect(await node.runtime.listSandboxes()).toEqual([]);
    await node.create(configMapKind, configMap('c', { k: 'v' }));
    await node.advance(200);
    expect(node.status('a').phase).toBe('Running');
  });

  test('a change of a ConfigMap, Secret or label reaches the mounted files; what is the same is not written again', async () => {
    await using node = await start();
    await node.create(configMapKind, configMap('c', { k: '1' }));
    await node.pod(
      'a',
      {
        volumes: [
          { name: 'cfg', configMap: { name: 'c' } },
          { name: 'down', downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: "metadata.labels['x']" } }] } },
        ],
      },
      { labels: { x: '1' } },
    );
    await node.advance(1000);
    const before = node.runtime.volumes.length;
    const now = node.view.get(configMapKind, 'default', 'c')!;
    await node.client.update(configMapKind, { ...now, data: { k: '2' } } as never);
    await node.advance(1000);
    expect(node.runtime.files('cfg')).toEqual({ k: '2' });
    const pod = node.find('a')!;
    await node.client.update(podKind, { ...pod, metadata: { ...pod.metadata, labels: { x: '2' } } } as never);
    await node.advance(1000);
    expect(node.runtime.files('down')).toEqual({ l: '2' });
    expect(node.runtime.volumes.length).toBe(before + 2);
    expect(node.container('a').restartCount).toBe(0);
  });

  test('a service account token is replaced after four fifths of its life', async () => {
    let issued = 0;
    const node: OneNode<RecordingRuntime> = await start({
      tokens: {
        issue: ({ expirationSeconds, audience }: { expirationSeconds: number; audience: string }) =>
          Promise.resolve({ token: `${audience}-${++issued}`, expiresAtMs: node.clock.now() + expirationSeconds * 1000 }),
      },
    });
    await using _ = node;
    await node.pod('a', {
      serviceAccountName: 'sa',
      volumes: [
        { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'me', expirationSeconds: 1000 } }] } },
      ],
    });
    await node.advance(10_000);
    expect(node.runtime.files('t')).toEqual({ token: 'me-1' });
    await node.advance(785_000);
    expect(issued).toBe(1);
    await node.advance(10_000);
    expect(node.runtime.files('t')).toEqual({ token: 'me-2' });
  });

  test('a claim is followed to its volume once it is bound', async () => {
    await using node = await start();
    const claim = (name: string, volumeName: string) =>
      ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: meta(name),
        spec: { volumeName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      }) as const;
    const volume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
    await node.create(persistentVolumeKind, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv-host' },
      spec: { ...volume, hostPath: { path: '/data' } },
    });
    await node.create(persistentVolumeClaimKind, claim('c1', 'pv-host'));
    await node.pod('a', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c1' } }] });
    await node.advance(1000);
    expect(node.events.find(({ reason }) => reason === 'FailedMount')?.message).toContain('PVC is not bound');
    const found = node.view.get(persistentVolumeClaimKind, 'default', 'c1')!;
    await node.client.updateStatus(persistentVolumeClaimKind, { ...found, status: { phase: 'Bound' } } as never);
    await node.advance(1000);
    expect(node.runtime.volumes.find(({ name }) => name === 'd')?.content).toEqual({ type: 'hostPath', path: '/data', pathType: '' });
    expect(node.status('a').phase).toBe('Running');
    await node.pod('b', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'none' } }] });
    await node.advance(1000);
    expect(node.events.find(({ object, reason }) => object === 'b' && reason === 'FailedMount')?.message).toContain(
      'persistentvolumeclaims "none" not found',
    );
  });

  test('a volume type that cannot be made is told, not passed over', async () => {
    await using node = await start();
    await node.pod('a', { volumes: [{ name: 'n', nfs: { server: 's', path: '/x' } }] });
    await node.advance(1000);
    expect(node.events.find(({ reason }) => reason === 'FailedMount')?.message).toBe(
      'MountVolume.SetUp failed for volume "n" : volume type nfs is not supported by this kubelet',
    );
  });
});

describe('kubelet: names', () => {
  test('hostname and DNS follow the spec', async () => {
    await using node = await start({ clusterDns: ['10.0.0.10'] });
    await node.pod('a');
    await node.pod('b', {
      hostname: 'h',
      subdomain: 's',
      setHostnameAsFQDN: true,
      dnsConfig: { options: [{ name: 'ndots', value: '2' }], searches: ['x.y'] },
    });
    await node.pod('c', { dnsPolicy: 'Default' });
    await node.pod('d', { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } });
    await node.advance(1000);
    const config = (name: string): SandboxConfig => node.runtime.sandboxes.find(({ pod }) => pod.metadata.name === name)!;
    const searches = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];
    expect(config('a')).toMatchObject({ hostname: 'a', dns: { nameservers: ['10.0.0.10'], searches, options: ['ndots:5'] } });
    expect(config('b')).toMatchObject({
      hostname: 'h.s.default.svc.cluster.local',
      dns: { searches: [...searches, 'x.y'], options: ['ndots:2'] },
    });
    expect(config('c').dns).toBeUndefined();
    expect(config('d').dns).toEqual({ nameservers: ['1.1.1.1'], searches: [], options: [] });
  });

  test("the pod's security settings reach its containers, their own go first", async () => {
    await using node = await start();
    await node.pod('a', {
      securityContext: { runAsUser: 1000, runAsGroup: 7, fsGroup: 9 },
      containers: [{ name: 'web', image: 'web:1', securityContext: { runAsUser: 5 } }],
    });
    await node.advance(1000);
    expect(node.runtime.configs[0]!.securityContext).toEqual({ runAsUser: 5, runAsGroup: 7 });
  });
});
