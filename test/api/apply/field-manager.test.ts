import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { upgradeClientSideApply } from '../../../src/api/apply/csa-upgrade.ts';
import { FieldManager } from '../../../src/api/apply/field-manager.ts';
import type { ApplyWrite } from '../../../src/api/apply/field-manager.ts';
import { managerOfUserAgent } from '../../../src/api/apply/managers.ts';
import type { ConfigMap, Deployment } from './manifests.ts';
import { ModelStructures } from '../../../src/api/model-structure.ts';
import { deepFreeze } from '../../../src/api/object.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { SchemaTable } from '../../../src/api/schema.ts';
import { ConflictError } from '../../../src/errors.ts';

const table = new SchemaTable();
const structures = new ModelStructures(table);
const manager = new FieldManager(table);
const read = <T>(model: string, value: unknown): T => deepFreeze(structures.of(model).read(value).value) as T;
const emptyMap = read<KubeObject>('ConfigMap', {});
const time = '2024-01-01T00:00:00Z';
const later = '2024-01-01T00:01:00Z';

const write = (name: string, more: Partial<ApplyWrite> = {}): ApplyWrite => ({
  model: 'ConfigMap',
  apiVersion: 'v1',
  manager: name,
  time,
  ...more,
});
const config = (data: Record<string, string>, metadata: object = {}): object =>
  deepFreeze({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', ...metadata }, data });
const apply = (live: ConfigMap | undefined, who: string, data: Record<string, string>, more: Partial<ApplyWrite> = {}): ConfigMap =>
  read('ConfigMap', manager.apply(live, config(data), write(who, more), emptyMap).object);
const update = (live: ConfigMap, who: string, data: Record<string, string>, more: Partial<ApplyWrite> = {}): ConfigMap =>
  manager.track(live, read<ConfigMap>('ConfigMap', { ...live, data }), write(who, more), emptyMap);
const owners = (object: ConfigMap, field: string): string[] =>
  (object.metadata.managedFields ?? [])
    .filter((e) => JSON.stringify(e.fieldsV1).includes(`"f:${field}":`))
    .map((e) => `${e.manager}/${e.operation}`);

describe('tracking writes', () => {
  test("a created Deployment is owned by its creator, in Kubernetes' form", () => {
    const raw = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', labels: { a: 'b' }, uid: 'u' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'a' } },
        template: {
          metadata: { labels: { app: 'a' } },
          spec: {
            containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
            volumes: [{ name: 'v', emptyDir: {} }],
            securityContext: {},
          },
        },
      },
    };
    const created = manager.track(
      undefined,
      read<Deployment>('Deployment', raw),
      { model: 'Deployment', apiVersion: 'apps/v1', manager: 'me', time, resetFields: ['status'] },
      read('Deployment', {}),
    );
    expect(created.metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } },
                    'f:resources': {},
                  },
                },
                'f:securityContext': {},
                'f:volumes': { '.': {}, 'k:{"name":"v"}': { '.': {}, 'f:emptyDir': {}, 'f:name': {} } },
              },
            },
          },
        },
      },
    ]);
  });

  test('an update takes what it changes from its owner; what it removes nobody owns', () => {
    const created = update(apply(undefined, 'a', { x: '1', y: '1' }), 'b', { x: '2' }, { time: later });
    expect(owners(created, 'x')).toEqual(['b/Update']);
    expect(owners(created, 'y')).toEqual([]);
    expect(created.metadata.managedFields!.at(-1)!.time).toBe(later);
  });

  test('an update that changes nothing leaves all as it was', () => {
    const live = apply(undefined, 'a', { x: '1' });
    expect(update(live, 'b', { x: '1' }, { time: later })).toEqual(live);
  });

  test('subresources and versions are owners of their own; what a write cannot change it does not own', () => {
    const live = read<Deployment>('Deployment', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'd',
        managedFields: [
          { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
        ],
      },
    });
    const next = read<Deployment>('Deployment', { ...live, spec: { ...live.spec, replicas: 3 }, status: { replicas: 3 } });
    const status = manager.track(live, next, {
      model: 'Deployment',
      apiVersion: 'apps/v1',
      manager: 'c',
      subresource: 'status',
      resetFields: ['spec'],
      time,
    });
    expect(status.metadata.managedFields!.find((e) => e.manager === 'c')).toMatchObject({
      subresource: 'status',
      fieldsV1: { 'f:status': { 'f:replicas': {} } },
    });
  });

  test('managedFields: [{}] clears, an empty list keeps; an object without owners is not tracked', () => {
    const live = apply(undefined, 'a', { x: '1' });
    const cleared = manager.track(live, { ...live, metadata: { ...live.metadata, managedFields: [{}] } }, write('b'), emptyMap);
    expect(cleared.metadata.managedFields).toBeUndefined();
    const kept = manager.track(live, { ...live, metadata: { ...live.metadata, managedFields: [] } }, write('b'), emptyMap);
    expect(kept.metadata.managedFields).toEqual(live.metadata.managedFields);
    expect(update(cleared, 'c', { x: '2' }).metadata.managedFields).toBeUndefined();
  });

  test('the eleventh updater makes the oldest ancient', () => {
    let live = read<ConfigMap>('ConfigMap', config({ k0: 'v' }));
    live = manager.track(undefined, live, write('m0'), {});
    for (let i = 1; i <= 14; i++) live = update(live, `m${i}`, { ...live.data, [`k${i}`]: 'v' }, { time: `2024-01-01T00:00:${10 + i}Z` });
    const names = live.metadata.managedFields!.map((e) => e.manager);
    expect(names).toHaveLength(10);
    expect(names).toContain('ancient-changes');
    expect(names).toContain('m14');
    expect(owners(live, 'k1')).toEqual(['ancient-changes/Update']);
  });

  test('a manager is named after the user agent', () => {
    expect(managerOfUserAgent('kubectl/v1.33.0 (linux/amd64)')).toBe('kubectl');
    expect(managerOfUserAgent('a\u0000b')).toBe('ab');
    expect(managerOfUserAgent('x'.repeat(200))).toHaveLength(128);
  });
});

describe('applying', () => {
  test('conflicts name the manager and the fields', () => {
    const live = update(apply(undefined, 'a', { x: '1', y: '1' }), 'b', { x: '2', y: '1' });
    expect(() => apply(live, 'c', { x: '3' })).toThrow(ConflictError);
    expect(() => apply(live, 'c', { x: '3' })).toThrow('Apply failed with 1 conflict: conflict with "b" using v1: .data.x');
    expect(() => apply(live, 'c', { x: '3', y: '3' })).toThrow(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .data.y\nconflicts with "b" using v1:\n- .data.x',
    );
  });

  test('force takes, and the loser may give up', () => {
    const live = apply(apply(undefined, 'a', { x: '1', y: '1' }), 'b', { x: '2' }, { force: true });
    expect(live.data).toEqual({ x: '2', y: '1' });
    expect(owners(live, 'x')).toEqual(['b/Apply']);
    expect(apply(live, 'a', { y: '1' }).data).toEqual({ x: '2', y: '1' });
  });

  test('what is no longer applied goes, unless somebody else owns it or nobody did', () => {
    const shared = apply(apply(undefined, 'a', { x: '1', y: '1' }), 'b', { x: '1' });
    expect(apply(shared, 'a', {}).data).toEqual({ x: '1' });
    const touched = update(apply(undefined, 'a', { x: '1' }), 'b', { x: '1', z: '1' });
    expect(apply(touched, 'a', {}).data).toEqual({ z: '1' });
  });

  test('an object that was never tracked belongs to before-first-apply', () => {
    const live = read<ConfigMap>('ConfigMap', { ...config({ x: '1' }), metadata: { name: 'x', uid: 'u' } });
    expect(() => apply(live, 'a', { x: '2' })).toThrow('conflict with "before-first-apply" using v1: .data.x');
    expect(owners(apply(live, 'a', { y: '1' }), 'x')).toEqual(['before-first-apply/Update']);
  });

  test('kubectl goes on from client-side apply without a conflict where its values still stand', () => {
    const applied = { ...config({ x: '1', y: '1' }) };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) };
    const created = manager.track(
      undefined,
      read<ConfigMap>('ConfigMap', { ...applied, metadata: { name: 'x', annotations } }),
      write('kubectl-client-side-apply'),
      emptyMap,
    );
    expect(apply(created, 'kubectl', { x: '2' }).data).toEqual({ x: '2', y: '1' });
    expect(() => apply(created, 'other', { x: '2' })).toThrow(ConflictError);
    const edited = update(created, 'editor', { x: '5', y: '1' });
    expect(() => apply(edited, 'kubectl', { x: '2' })).toThrow('conflict with "editor" using v1: .data.x');
    const upgraded = {
      ...created,
      metadata: { ...created.metadata, managedFields: upgradeClientSideApply(created, new Set(['kubectl-client-side-apply']), 'kubectl') },
    };
    expect(owners(upgraded, 'x')).toEqual(['kubectl/Apply']);
    expect(apply(upgraded, 'kubectl', { y: '1' }).data).toEqual({ y: '1' });
  });

  test.each<[string, object, number, string]>([
    [
      'another version',
      { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'x' } },
      400,
      'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1',
    ],
    ['managedFields', config({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    [
      'an unknown field',
      { ...config({}), bogus: 1 },
      500,
      'failed to create typed patch object (/x; /v1, Kind=ConfigMap): .bogus: field not declared in schema',
    ],
    ['a wrong type', { ...config({}), data: [] }, 500, '.data: expected map, got &{[]}'],
    ['no text', config({ x: 5 } as never), 500, '.data.x: expected string, got &value.valueUnstructured{Value:5}'],
    ['no number', config({}, { generation: '5' }), 500, '.metadata.generation: expected numeric (int or float), got string'],
    ['a list', [], 400, 'error decoding YAML'],
  ])('%s is refused', (_, body, status, message) => {
    expect(() => manager.apply(undefined, body, write('a'), emptyMap)).toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(message) as string }),
    );
  });

  test('elements of lists need their keys, once', () => {
    const deployment = (containers: object[]): object => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { template: { spec: { containers } } },
    });
    const attempt = (containers: object[]): unknown =>
      manager.apply(undefined, deployment(containers), { model: 'Deployment', apiVersion: 'apps/v1', manager: 'a', time }, {});
    expect(() => attempt([{ image: 'i' }])).toThrow(
      '.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name"',
    );
    expect(() => attempt([{ name: 'a' }, { name: 'a' }])).toThrow('.spec.template.spec.containers: duplicate entries for key [name="a"]');
  });

  test('applying again changes nothing; the last applier of a key decides; owners own what is there', () => {
    const data = fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2'), { minKeys: 1 });
    const step = fc.record({ who: fc.constantFrom('a', 'b', 'c'), data, by: fc.constantFrom('apply' as const, 'update' as const) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        let live = apply(undefined, 'a', {});
        for (const { who, data: wanted, by } of steps) {
          live = by === 'apply' ? apply(live, who, wanted, { force: true }) : update(live, who, wanted);
          for (const [key, value] of Object.entries(wanted)) expect(live.data?.[key]).toBe(value);
          if (by !== 'apply') continue;
          const again = manager.apply(live, config(wanted), write(who, { time: later }), emptyMap);
          expect(again.changed).toBe(false);
          expect(again.object).toBe(live);
        }
        for (const key of Object.keys(live.data ?? {})) expect(owners(live, key).length).toBeGreaterThan(0);
      }),
    );
  });
});
