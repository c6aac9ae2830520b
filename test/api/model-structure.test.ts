import { describe, expect, test } from 'vitest';
import { acceptPatched, acceptReading } from '../../src/api/field-validation.ts';
import { ModelStructures } from '../../src/api/model-structure.ts';
import { deepFreeze } from '../../src/api/object.ts';
import { SchemaTable } from '../../src/api/schema.ts';
import type { StructureReading } from '../../src/api/structure.ts';
import { BadRequestError } from '../../src/errors.ts';
import { sharedData } from '../shared-data.ts';
import { scenarios } from './corpus.ts';
import type { JsonObject } from './corpus.ts';

const structures = new ModelStructures(new SchemaTable());
const read = (model: string, raw: unknown): StructureReading => structures.of(model).read(raw);

const pod = (container: object, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'i', resources: {}, ...container }], ...spec },
  status: {},
});
const containers = (reading: StructureReading): JsonObject[] => (reading.value as { spec: { containers: JsonObject[] } }).spec.containers;

test('what is canonical is given back as it is', () => {
  const raw = deepFreeze(
    pod({ resources: { requests: { cpu: '500m', memory: '1Gi' } }, ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }] }),
  );
  const reading = read('Pod', raw);
  expect(reading.value).toBe(raw);
  expect(reading.typeProblems).toEqual([]);
  expect(reading.unknownFields).toEqual([]);
});

test('only what changes is copied', () => {
  const raw = deepFreeze(pod({ resources: { requests: { cpu: '1000m' } } }, { tolerations: [{ key: 'a' }] }));
  const value = read('Pod', raw).value as typeof raw & { metadata: object; spec: { tolerations: object } };
  expect(containers(read('Pod', raw))[0]!.resources).toEqual({ requests: { cpu: '1' } });
  expect(value).not.toBe(raw);
  expect(value.metadata).toBe((raw as typeof value).metadata);
  expect(value.spec.tolerations).toBe((raw as typeof value).spec.tolerations);
});

test('unknown fields are named with their path, and pruned', () => {
  const reading = read('Pod', { ...pod({ imagePullpolicy: 'Always' }, { Replicas: 1 }), Spec: {} });
  expect(reading.unknownFields).toEqual(['spec.containers[0].imagePullpolicy', 'spec.Replicas', 'Spec']);
  expect(JSON.stringify(reading.value)).toBe(JSON.stringify(pod({})));
});

test.each<[string, object, string, string]>([
  [
    'a string for a number',
    pod({ ports: [{ containerPort: '80' }] }),
    'spec.containers[0].ports[0].containerPort',
    'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
  ],
  [
    'a fraction for a number',
    pod({ ports: [{ containerPort: 1.5 }] }),
    'spec.containers[0].ports[0].containerPort',
    'cannot unmarshal number 1.5 into',
  ],
  ['too large a number', pod({ ports: [{ containerPort: 2 ** 31 }] }), 'spec.containers[0].ports[0].containerPort', 'of type int32'],
  [
    'a number for a string',
    { metadata: { name: 5 } },
    'metadata.name',
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string',
  ],
  [
    'a list for a map',
    { metadata: { labels: [] } },
    'metadata.labels',
    'cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
  ],
  [
    'an object for a list',
    { spec: { containers: {} } },
    'spec.containers',
    'cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  ['a string for an object', { spec: 'x' }, 'spec', 'cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec'],
  ['a number for a boolean', { spec: { hostNetwork: 1 } }, 'spec.hostNetwork', 'of type bool'],
  ['a bad quantity', pod({ resources: { limits: { cpu: '1x' } } }), 'spec.containers[0].resources.limits.cpu', 'quantities must match'],
  [
    'a bad time',
    { metadata: { creationTimestamp: 'yesterday' } },
    'metadata.creationTimestamp',
    'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00"',
  ],
])('%s is a type problem', (_, raw, path, words) => {
  const { typeProblems } = read('Pod', raw);
  expect(typeProblems.map((p) => p.path)).toEqual([path]);
  expect(typeProblems[0]!.message).toContain(words);
});

test('all wrong types are told at once, and refused with any field validation', () => {
  const reading = read('Pod', { metadata: { name: 5 }, spec: { hostNetwork: 'yes' } });
  expect(() => acceptReading(reading, { kind: 'Pod', version: 'v1' }, 'Ignore')).toThrow(BadRequestError);
  expect(() => acceptReading(reading, { kind: 'Pod', version: 'v1' }, 'Ignore')).toThrow(
    /^Pod in version "v1" cannot be handled as a Pod: metadata\.name: .*spec\.hostNetwork: /,
  );
});

test('field validation: Strict refuses, Warn tells, Ignore is silent', () => {
  const reading = read('Pod', pod({ foo: 1 }, { bar: 2 }));
  const accept = (v: 'Strict' | 'Warn' | 'Ignore'): readonly string[] =>
    acceptReading(reading, { kind: 'Pod', version: 'v1' }, v, ['duplicate field "metadata.name"']).warnings;
  expect(() => accept('Strict')).toThrow(
    'strict decoding error: duplicate field "metadata.name", unknown field "spec.containers[0].foo", unknown field "spec.bar"',
  );
  expect(accept('Warn')).toEqual(['duplicate field "metadata.name"', 'unknown field "spec.containers[0].foo"', 'unknown field "spec.bar"']);
  expect(accept('Ignore')).toEqual([]);
});

test('what a patch made and cannot be read is the fault of the patch', () => {
  const reading = read('Pod', { spec: { containers: 'x' }, foo: 1 });
  expect(() => acceptPatched(reading, { spec: { containers: 'x' } }, 'Ignore')).toThrow(
    expect.objectContaining({
      status: 422,
      message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: "{\\"spec\\":/) as string,
      causes: [expect.objectContaining({ field: 'patch', reason: 'FieldValueInvalid' })],
    }),
  );
  const unknown = read('Pod', { foo: 1 });
  expect(acceptPatched(unknown, {}, 'Warn').warnings).toEqual(['unknown field "foo"']);
  expect(() => acceptPatched(unknown, {}, 'Strict')).toThrow('strict decoding error: unknown field "foo"');
});

describe('as Go reads and writes', () => {
  test('null is absent; in lists and maps it is the zero value', () => {
    const { value, typeProblems } = read('Pod', {
      metadata: { name: null, labels: { a: null } },
      spec: { containers: [null], hostNetwork: null, tolerations: null },
    });
    expect(typeProblems).toEqual([]);
    expect(value).toEqual({ metadata: { labels: { a: '' } }, spec: { containers: [{ name: '', resources: {} }] }, status: {} });
  });

  test('empty optional lists and maps are left out, required ones stay, structs are always there', () => {
    expect(read('Pod', { metadata: { labels: {}, finalizers: [] } }).value).toEqual({ metadata: {}, spec: { containers: [] }, status: {} });
    expect(read('ConfigMap', { metadata: { name: 'a' }, data: {} }).value).toEqual({ metadata: { name: 'a' } });
  });

  test('required scalars that were not given are zero', () => {
    expect(read('ServicePort', {}).value).toEqual({ port: 0 });
    expect(read('ContainerStatus', { name: 'c' }).value).toEqual({
      name: 'c',
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: {},
      lastState: {},
    });
  });

  test('zero of plain values is left out, of pointers it stays', () => {
    expect(
      read('PodSpec', {
        containers: [],
        hostNetwork: false,
        nodeName: '',
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
      }).value,
    ).toEqual({
      containers: [],
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
    });
    expect(read('HostPathVolumeSource', { path: '/', type: '' }).value).toEqual({ path: '/', type: '' });
  });

  test('amounts of resources are rounded up to thousandths, other quantities are not', () => {
    expect(read('ResourceRequirements', { requests: { cpu: '1n', memory: 1.5 } }).value).toEqual({
      requests: { cpu: '1m', memory: '1500m' },
    });
    expect(read('EmptyDirVolumeSource', { sizeLimit: '1n' }).value).toEqual({ sizeLimit: '1n' });
  });

  test('int or string is either', () => {
    expect(read('TCPSocketAction', { port: 'http' }).typeProblems).toEqual([]);
    expect(read('TCPSocketAction', { port: 1.5 }).typeProblems).toHaveLength(1);
  });

  test('bytes are base64', () => {
    expect(read('Secret', { metadata: { name: 's' }, data: { a: 'aGk=\n' } }).value).toMatchObject({ data: { a: 'aGk=' } });
    expect(read('Secret', { data: { a: 'a$k=' } }).typeProblems[0]!.message).toBe('illegal base64 data at input byte 1');
  });

  test('times are UTC in seconds, those of leases in microseconds', () => {
    expect(read('ObjectMeta', { deletionTimestamp: '2024-01-01T01:00:00.5+01:00' }).value).toEqual({
      deletionTimestamp: '2024-01-01T00:00:00Z',
    });
    expect(read('LeaseSpec', { renewTime: '2024-01-01T01:00:00.000000+01:00' }).value).toEqual({
      renewTime: '2024-01-01T00:00:00.000000Z',
    });
  });
});

describe('hostile input', () => {
  test('__proto__ is a field like another', () => {
    const raw = JSON.parse('{"metadata":{"name":"a","__proto__":{"x":1}},"data":{"__proto__":null,"b":"c"},"__proto__":{"y":1}}') as object;
    const reading = read('ConfigMap', raw);
    expect(reading.unknownFields).toEqual(['metadata.__proto__', '__proto__']);
    expect(Object.keys((reading.value as { data: object }).data)).toEqual(['__proto__', 'b']);
    expect(({} as JsonObject).x).toBeUndefined();
  });

  test('nesting without end is refused, not overflown', () => {
    const deep = (levels: number): unknown => JSON.parse(`${'{"not":'.repeat(levels)}{}${'}'.repeat(levels)}`);
    expect(read('JSONSchemaProps', deep(100)).typeProblems).toEqual([]);
    expect(read('JSONSchemaProps', deep(100_000)).typeProblems[0]!.message).toBe('json: exceeded max depth');
    expect(read('ControllerRevision', { data: deep(100_000) }).typeProblems[0]!.message).toBe('json: exceeded max depth');
  });

  test('no more than a hundred problems are told', () => {
    const raw = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i]));
    expect(read('Pod', raw).unknownFields).toHaveLength(100);
  });
});

test('a model that is not in the table is a mistake of the program', () => {
  expect(() => structures.of('Nope')).toThrow(TypeError);
});

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  const models = new SchemaTable();
  const requests = [
    'default-core',
    'default-apis',
    'default-pod',
    'crud-core',
    'crud-apis',
    'manifests',
    'validation-pod',
    'validation-metadata',
    'quantities',
    'validation-service',
    'validation-core',
  ]
    .flatMap((area) => scenarios(area))
    .flatMap((s) => s.steps)
    .filter((s) => s.method === 'POST' && typeof s.body === 'object' && s.body !== null && !JSON.stringify(s.body).includes('$repeat'));
  const modelOf = (body: JsonObject): string | undefined => {
    const name = body.apiVersion === 'autoscaling/v2' ? `V2${String(body.kind)}` : String(body.kind);
    try {
      models.model(name);
    } catch {
      return undefined;
    }
    return name;
  };

  test('what Kubernetes created is read without a problem, and what it gave back is read as it is', () => {
    let compared = 0;
    for (const step of requests.filter((s) => s.expect.status === 201)) {
      const model = modelOf(step.body as JsonObject);
      if (model === undefined) continue;
      const reading = read(model, step.body);
      expect([step.body, reading.typeProblems]).toEqual([step.body, []]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(150);
  });

  test('what Kubernetes could not decode has a type problem', () => {
    let compared = 0;
    for (const step of requests.filter(
      (s) => s.expect.status === 400 && /cannot be handled as a .*error found in/.test(String(s.expect.body.message)),
    )) {
      const model = modelOf(step.body as JsonObject);
      if (model === undefined) continue;
      expect([step.body, read(model, step.body).typeProblems.length > 0]).toEqual([step.body, true]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(40);
  });
});
