import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from '../../src/index.ts';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { KubeObject, StoredObject } from '../../src/api/object.ts';
import { InvalidError } from '../../src/errors.ts';

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cronSpec'],
      'x-kubernetes-validations': [
        { rule: 'self.replicas <= self.most', message: 'too many replicas' },
        { rule: 'self.color == oldSelf.color', message: 'color is immutable' },
      ],
      properties: {
        cronSpec: { type: 'string', pattern: '^\\S+( \\S+){4}$' },
        color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
        replicas: { type: 'integer', minimum: 1, default: 1 },
        most: { type: 'integer', default: 10 },
        port: { 'x-kubernetes-int-or-string': true },
        items: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, v: { type: 'integer' } } },
        },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'integer' } } },
  },
};

const definition = (openAPIV3Schema: object = schema): KubeObject =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'crontabs.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', shortNames: ['ct'] },
      versions: [
        { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } },
        { name: 'v1beta1', served: true, storage: false, subresources: { status: {} }, schema: { openAPIV3Schema } },
      ],
    },
  }) as KubeObject;

const cronTab = (spec: object, metadata: object = {}): KubeObject =>
  ({ apiVersion: 'example.com/v1', kind: 'CronTab', metadata: { name: 'x', namespace: 'default', ...metadata }, spec }) as KubeObject;

let cluster: Cluster;
let crds: KindDescriptor;
beforeEach(async () => {
  cluster = await Cluster.create({ controllers: 'none', scheduler: 'none' });
  crds = cluster.kinds.byKind('apiextensions.k8s.io/v1', 'CustomResourceDefinition')!;
});
afterEach(() => cluster.close());

/** Makes the definition, and waits until it says that its kind is served. */
async function defined(object: KubeObject = definition()): Promise<KindDescriptor> {
  await cluster.registry.create(crds, object);
  const established = (): true | undefined => {
    const found = cluster.view.get(crds, undefined, 'crontabs.example.com') as
      { readonly status?: { readonly conditions?: object[] } } | undefined;
    return JSON.stringify(found?.status?.conditions ?? []).includes('InitialNamesAccepted') ? true : undefined;
  };
  await cluster.client.waitFor('the definition to be established', established, () => 'it is not', { timeoutMs: 20_000 });
  return cluster.kinds.byKind('example.com/v1', 'CronTab')!;
}

async function refusal(made: Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await made.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidError);
  return (error as InvalidError).causes.map(({ field, message }) => `${field}: ${message}`);
}

test('an object gets its defaults and loses what its schema does not have', async () => {
  const kind = await defined();
  const told: string[] = [];
  const made = await cluster.registry.create(kind, cronTab({ cronSpec: '* * * * *', bogus: 1 }), {
    fieldValidation: 'Warn',
    onWarning: (warning) => told.push(warning),
  });
  expect(made).toMatchObject({ metadata: { generation: 1 }, spec: { cronSpec: '* * * * *', color: 'red', replicas: 1 } });
  expect(made.spec).not.toHaveProperty('bogus');
  expect(told).toEqual(['unknown field "spec.bogus"']);
});

test('what the schema forbids is refused in the words of Kubernetes', async () => {
  const kind = await defined();
  const create = (spec: object): Promise<StoredObject> => cluster.registry.create(kind, cronTab(spec));
  expect(await refusal(create({}))).toEqual(['spec.cronSpec: Required value']);
  expect(await refusal(create({ cronSpec: 'x', replicas: 0, color: 'green', port: true }))).toEqual([
    'spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match \'^\\S+( \\S+){4}$\'',
    'spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1',
    'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
  ]);
  expect(await refusal(create({ cronSpec: 5 }))).toEqual([
    'spec.cronSpec: Invalid value: "integer": spec.cronSpec in body must be of type string: "integer"',
  ]);
  expect(await refusal(create({ cronSpec: '* * * * *', items: [{ name: 'a' }, { name: 'a' }] }))).toEqual([
    'spec.items[1]: Duplicate value: {"name":"a"}',
  ]);
});

test('rules hold for every write, transition rules for updates', async () => {
  const kind = await defined();
  const at = { namespace: 'default', name: 'x' };
  expect(await refusal(cluster.registry.create(kind, cronTab({ cronSpec: '* * * * *', replicas: 11 })))).toEqual([
    'spec: Invalid value: "object": too many replicas',
  ]);
  await cluster.registry.create(kind, cronTab({ cronSpec: '* * * * *', color: 'blue' }));
  expect(await refusal(cluster.registry.patch(kind, at, { type: 'merge', patch: { spec: { color: 'red' } } }))).toEqual([
    'spec: Invalid value: "object": color is immutable',
  ]);
});

test('a definition whose schema or rules make no sense is refused', async () => {
  const broken = { type: 'object', properties: { spec: {}, list: { type: 'array' } } };
  expect(await refusal(cluster.registry.create(crds, definition(broken)))).toEqual([
    'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    'spec.validation.openAPIV3Schema.properties[list].items: Required value: must be specified',
  ]);
  const noCel = { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.(' }] };
  const [first] = await refusal(cluster.registry.create(crds, definition(noCel)));
  expect(first).toMatch(
    /^spec\.validation\.openAPIV3Schema\.x-kubernetes-validations\[0\]\.rule: Invalid value: "self\.\(": compilation failed/,
  );
});

test('versions are the same objects; server-side apply merges lists by their keys', async () => {
  const kind = await defined();
  const at = { namespace: 'default', name: 'x' };
  const apply = (fieldManager: string, items: readonly object[]): Promise<StoredObject> =>
    cluster.registry.patch(kind, at, { type: 'apply', patch: cronTab({ cronSpec: '* * * * *', items }) }, { fieldManager });
  await apply('one', [{ name: 'a', v: 1 }]);
  const both = await apply('two', [{ name: 'b', v: 2 }]);
  expect((both.spec as { readonly items: object[] }).items).toEqual([
    { name: 'a', v: 1 },
    { name: 'b', v: 2 },
  ]);
  const beta = cluster.kinds.byKind('example.com/v1beta1', 'CronTab')!;
  expect(beta.storedAs?.fromStored(both).apiVersion).toBe('example.com/v1beta1');
});

test('with its definition go the objects and the kind', async () => {
  const kind = await defined();
  await cluster.registry.create(kind, cronTab({ cronSpec: '* * * * *' }));
  await cluster.registry.delete(crds, { namespace: undefined, name: 'crontabs.example.com' });
  const gone = (): true | undefined => (cluster.view.get(crds, undefined, 'crontabs.example.com') === undefined ? true : undefined);
  await cluster.client.waitFor('the definition to go', gone, () => 'it is there', { timeoutMs: 20_000 });
  expect((await cluster.registry.list(kind, undefined)).entries).toEqual([]);
  expect(cluster.kinds.byKind('example.com/v1', 'CronTab')).toBeUndefined();
});

test('a name that another kind of the group has is not accepted', async () => {
  await defined();
  const other = definition() as { metadata: object; spec: { names: object } };
  const taken = { ...other, metadata: { name: 'tabs.example.com' }, spec: { ...other.spec, names: { plural: 'tabs', kind: 'CronTab' } } };
  await cluster.registry.create(crds, taken as unknown as KubeObject);
  const refused = (): true | undefined => {
    const found = cluster.view.get(crds, undefined, 'tabs.example.com') as { readonly status?: object } | undefined;
    return JSON.stringify(found?.status ?? {}).includes('ListKindConflict') ? true : undefined;
  };
  await cluster.client.waitFor('the names to be refused', refused, () => 'they are not', { timeoutMs: 20_000 });
  expect(cluster.kinds.byResource('example.com/v1', 'tabs')).toBeUndefined();
});
