import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AbortedError,
  ApiError,
  BadRequestError,
  ClosedError,
  Cluster,
  ConfigurationError,
  InvalidError,
  Pod,
  ReplicationController,
  type ClusterOptions,
  type ExposeOptions,
  type KubeObject,
  type NodeOptions,
  type PodWaitCondition,
  type RunOptions,
} from '../../src/index.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';

const onePod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'web:1' }] } });

let cluster: Cluster;
const node = (options: Partial<NodeOptions> = {}): NodeOptions => ({ name: 'n1', runtime: new SimulatedRuntime(), ...options });

beforeAll(async () => {
  cluster = await Cluster.create({ clock: new ManualClock(), seed: 5, nodes: [node()] });
});
afterAll(() => cluster.close());

describe('options that cannot be meant are refused by name, before anything is opened', () => {
  const refused: readonly (readonly [ClusterOptions, RegExp])[] = [
    [{ serviceCidr: '10.96' }, /^serviceCidr: Invalid value: "10\.96": expected an IPv4 range such as/],
    [{ serviceCidr: '10.96.0.0/31' }, /^serviceCidr: /],
    [{ serviceCidr: 'fd00::/64' }, /^serviceCidr: /],
    [{ nodePorts: { from: 40_000, to: 30_000 } }, /^nodePorts: .*`from` must not be greater than `to`$/],
    [{ nodePorts: { from: 0, to: 70_000 } }, /^nodePorts\.from: .*, nodePorts\.to: .*between 1 and 65535/],
    [{ name: 'a b' }, /^name: Invalid value: "a b"/],
    [{ name: '' }, /^name: /],
    [{ nodeHealth: { leaseRenewMs: 0 } }, /^nodeHealth\.leaseRenewMs: /],
    [{ onHostDeath: 'kep' as 'keep' }, /^onHostDeath: Invalid value: "kep": expected 'kill' or 'keep'$/],
    [{ nodeHealt: {} } as ClusterOptions, /^nodeHealt: .*there is no such option; expected one of .*nodeHealth/],
  ];
  test.each(refused)('%j', async (options, message) => {
    const error = await Cluster.create(options).then(
      (made) => made.close(),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });

  const nodes: readonly (readonly [Partial<NodeOptions>, RegExp])[] = [
    [{ name: 'N_1' }, /^nodes\[N_1\]\.name: Invalid value: "N_1": a lowercase RFC 1123 subdomain/],
    [
      { capacity: { cpu: 'x', memory: '-1Gi' } },
      /^nodes\[n2\]\.capacity\.cpu: .*, nodes\[n2\]\.capacity\.memory: .*greater than or equal to 0/,
    ],
    [{ labels: { 'a/b/c': 'd' } }, /^nodes\[n2\]\.labels: /],
    [{ taints: [{ key: '', effect: 'NoSchedule' }] }, /^nodes\[n2\]\.taints\[0\]\.key: /],
    [{ runtime: undefined as never }, /^nodes\[n2\]\.runtime: Required value: what runs the pods/],
    [{ podCidr: '10.0' }, /^nodes\[n2\]\.podCidr: /],
    [{ label: {} } as Partial<NodeOptions>, /^nodes\[n2\]\.label: .*there is no such option; expected one of .*labels/],
  ];
  test.each(nodes)('node %j', async (options, message) => {
    const added = cluster.addNode(node({ name: 'n2', ...options }));
    await expect(added).rejects.toBeInstanceOf(ConfigurationError);
    await expect(added).rejects.toThrow(message);
    expect(cluster.nodes.list()).toHaveLength(1);
  });
});

describe('calls that make no sense are refused in words', () => {
  const nothing = undefined as unknown as KubeObject;
  const misspelt = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replica: 3 } };
  const calls: readonly (readonly [string, () => Promise<unknown>, new (...args: never[]) => Error, RegExp])[] = [
    ['create of nothing', () => cluster.pods.create(null as never), InvalidError, /^Pod "" is invalid: metadata\.name: Required value/],
    ['apply of nothing', () => cluster.apply(nothing), BadRequestError, /^expected handles, manifests, or the text of YAML documents/],
    [
      'apply of the name of a file',
      () => cluster.apply('./web.yaml'),
      BadRequestError,
      /found "\.\/web\.yaml" \(the text itself is wanted/,
    ],
    ['apply of a misspelt field', () => cluster.apply(misspelt), ApiError, /\(\/web; apps\/v1, Kind=Deployment\): \.spec\.replica: field/],
    ['a port beyond the last', () => cluster.serve({ port: 70_000 }), ConfigurationError, /127\.0\.0\.1:70000: expected a port from 0/],
    ['a store without a path', async () => new LmdbStore({} as never), ConfigurationError, /^LmdbStore: path: .* found undefined$/],
    [
      'apply without a name',
      () => cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {}}'),
      InvalidError,
      /metadata\.name: Required value/,
    ],
    ['exec of nothing', async () => (await podOf()).exec([]), BadRequestError, /at least one command/],
    ['a port that is none', async () => (await podOf()).portForward(-5), BadRequestError, /from 1 to 65535, found -5/],
    ['a wait for nothing', async () => (await podOf()).waitFor('Redy' as PodWaitCondition), ConfigurationError, /no "Redy" to wait for/],
    [
      'apply of a kind that is not there',
      () => cluster.apply({ apiVersion: 'v1', kind: 'Pot', metadata: { name: 'web', namespace: 'shop' } }),
      BadRequestError,
      /^"shop\/web": no matches for kind "Pot" in version "v1"$/,
    ],
    [
      'a time that is none',
      () => cluster.settle({ timeoutMs: Number.NaN }),
      ConfigurationError,
      /^timeoutMs: expected milliseconds.* found NaN$/,
    ],
    [
      'a misspelt option of run',
      () => cluster.run('web', 'web:1', { replica: 3 } as RunOptions),
      ConfigurationError,
      /^run\.replica: .*there is no such option; expected one of .*replicas/,
    ],
    [
      'a misspelt option of expose',
      () =>
        cluster.expose(new ReplicationController({ metadata: { name: 'web' }, spec: {} }), { port: 80, targetport: 8080 } as ExposeOptions),
      ConfigurationError,
      /^expose\.targetport: .*there is no such option; expected one of .*targetPort/,
    ],
    ['less than no time', async () => (await podOf()).waitFor('Failed', { timeoutMs: -1 }), ConfigurationError, /^timeoutMs: .* found -1$/],
    ['back in time', () => cluster.advance(-1), ConfigurationError, /a duration from 0 on, found -1 ms/],
  ];
  const podOf = async (): Promise<Pod> => {
    const pod = cluster.pods.get('web') ?? (await cluster.pods.create(onePod('web')));
    return pod.waitFor('Ready');
  };
  test.each(calls)('%s', async (_name, call, kind, message) => {
    const called = call();
    await expect(called).rejects.toBeInstanceOf(kind);
    await expect(called).rejects.toThrow(message);
  });

  test('wrong types and unknown fields are told together', async () => {
    const spec = { containers: [{ name: 'c', image: 5 }], colour: 'red' };
    await expect(cluster.pods.create({ metadata: { name: 'bad' }, spec } as never)).rejects.toThrow(
      /spec\.containers\[0\]\.image: .*of type string, strict decoding error: unknown field "spec\.colour"$/,
    );
  });

  test('a key that stands twice in a YAML text: refused before anything is applied, told, or passed over', async () => {
    const text = `
apiVersion: v1
kind: ConfigMap
metadata: { name: before }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: twice }
data:
  colour: blue
  colour: red
`;
    const refused = cluster.apply(text);
    await expect(refused).rejects.toBeInstanceOf(BadRequestError);
    await expect(refused).rejects.toThrow('error strict decoding YAML: line 11: key "colour" already set in map');
    expect(cluster.configMaps.get('before')).toBeUndefined();
    const warnings: string[] = [];
    const onWarning = (warning: string): void => void warnings.push(warning);
    await cluster.apply(text, { fieldValidation: 'Warn', onWarning });
    expect(warnings).toEqual(['line 11: key "colour" already set in map']);
    await cluster.apply(text, { fieldValidation: 'Ignore', onWarning });
    expect(warnings).toHaveLength(1);
    expect(cluster.configMaps.get('twice')?.data).toEqual({ colour: 'red' });
  });

  test('a patch that does not fit says why, and to which object', async () => {
    const settings = await cluster.configMaps.create({ metadata: { name: 'settings' }, data: { a: 'b' } });
    const owner = await cluster.run('owner', 'web:1', { replicas: 1 });
    const patches: readonly (readonly [() => Promise<unknown>, string])[] = [
      [
        () => settings.patch({ type: 'json', patch: [{ op: 'test', path: '/data/a', value: 'c' }] }),
        'ConfigMap "settings" cannot be patched: testing value /data/a failed',
      ],
      [
        () => settings.patch({ type: 'json', patch: [{ op: 'remove', path: '/data/z' }] }),
        'ConfigMap "settings" cannot be patched: Unable to remove nonexistent key: z',
      ],
      [
        () => owner.scale(1.5),
        'ReplicationController "owner" cannot be patched: spec.replicas: json: cannot unmarshal number 1.5 into Go struct field ReplicationControllerSpec.spec.replicas of type int32',
      ],
    ];
    for (const [patch, message] of patches) {
      const error = (await patch().catch((reason: unknown) => reason)) as InvalidError;
      expect(error).toBeInstanceOf(InvalidError);
      expect(error.message).toBe(message);
      expect(error.causes).toEqual([{ reason: 'FieldValueInvalid', field: 'patch', message: message.replace(/^.*?: /, '') }]);
    }
    await expect(settings.patch({ type: 'other', patch: {} } as never)).rejects.toThrow('json, merge, strategic or apply, found "other"');
  });
});

describe('signals of writes', () => {
  test('one that has fired: nothing is written', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const settings = cluster.configMaps.get('kept') ?? (await cluster.configMaps.create({ metadata: { name: 'kept' } }));
    const writes = [
      () => cluster.configMaps.create({ metadata: { name: 'unwanted' } }, { signal }),
      () => cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {name: unwanted}}', { signal }),
      () => settings.patch({ type: 'merge', patch: { data: { a: 'b' } } }, { signal }),
      () => settings.delete({ signal }),
    ];
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } });
    expect(cluster.configMaps.get('unwanted')).toBeUndefined();
    expect(settings.object.data).toBeUndefined();
  });

  test('one that fires while an admission step takes its time: the caller waits no longer', async () => {
    const abort = new AbortController();
    await using slow = await Cluster.create({
      clock: new ManualClock(),
      admission: [
        {
          name: 'Slow',
          validate: ({ object }) => {
            if (object?.metadata?.name !== 'slow') return undefined;
            abort.abort();
            return new Promise<void>(() => undefined);
          },
        },
      ],
    });
    await expect(slow.configMaps.create({ metadata: { name: 'slow' } }, { signal: abort.signal })).rejects.toBeInstanceOf(AbortedError);
    expect(slow.configMaps.get('slow')).toBeUndefined();
  });
});

describe('await using a Pod', () => {
  test('it ends, and is gone, at the end of the block', async () => {
    {
      await using pod = await cluster.pods.create(onePod('short'));
      await pod.waitFor('Ready');
    }
    expect(cluster.pods.get('short')).toBeUndefined();
  });

  test('one that is gone, was never stored, or is another by now, is left alone', async () => {
    {
      await using _unstored = new Pod(onePod('nowhere'));
      await using first = await cluster.pods.create(onePod('heir'));
      await first.delete();
      await first.waitForDeletion();
      await using _gone = first;
      await cluster.pods.create(onePod('heir'));
    }
    expect(cluster.pods.get('heir')?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a cluster that is closed first has ended it', async () => {
    const other = await Cluster.create({ clock: new ManualClock(), nodes: [node()] });
    await using pod = await other.pods.create(onePod('web'));
    await pod.waitFor('Ready');
    await other.close();
    await expect(pod[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });
});

test('a closed cluster serves nothing', async () => {
  const other = await Cluster.create({ clock: new ManualClock() });
  await other.close();
  await expect(other.serve()).rejects.toBeInstanceOf(ClosedError);
});

describe('what does not answer is not waited for longer than one likes', () => {
  /** Something that happens once, and may be waited for. */
  class Moment {
    readonly #emitter = new EventTarget();
    readonly happened = new Promise<void>((resolve) => this.#emitter.addEventListener('now', () => resolve()));

    now(): void {
      this.#emitter.dispatchEvent(new Event('now'));
    }
  }

  /** Opens when it is told to, and says whether it was closed. */
  class SlowRuntime extends SimulatedRuntime {
    readonly asked = new Moment();
    readonly answer = new Moment();
    readonly ended = new Moment();

    override async open(...args: Parameters<SimulatedRuntime['open']>): ReturnType<SimulatedRuntime['open']> {
      this.asked.now();
      await this.answer.happened;
      return super.open(...args);
    }

    override async close(): Promise<void> {
      await super.close();
      this.ended.now();
    }
  }

  test('the start of a cluster; a runtime that opens after all is closed', async () => {
    const [runtime, gaveUp] = [new SlowRuntime(), new AbortController()];
    const created = Cluster.create({ clock: new ManualClock(), nodes: [node({ runtime })] }, { signal: gaveUp.signal });
    await runtime.asked.happened;
    gaveUp.abort();
    await expect(created).rejects.toBeInstanceOf(AbortedError);
    runtime.answer.now();
    await runtime.ended.happened;
  });

  test('a node; its name is free again', async () => {
    const [runtime, gaveUp] = [new SlowRuntime(), new AbortController()];
    const added = cluster.addNode(node({ name: 'slow', runtime }), { signal: gaveUp.signal });
    await runtime.asked.happened;
    gaveUp.abort();
    await expect(added).rejects.toThrow('adding node slow was aborted');
    runtime.answer.now();
    await runtime.ended.happened;
    expect(cluster.nodes.get('slow')).toBeUndefined();
    await cluster.addNode(node({ name: 'slow' }), { signal: new AbortController().signal });
    expect(cluster.nodes.get('slow')).toBeDefined();
  });
});
