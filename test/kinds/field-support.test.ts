import { expect, test } from 'vitest';
import { encodedSchema } from '../../src/api/generated/schema.ts';
import { deepFreeze } from '../../src/api/object.ts';
import { FieldSupport } from '../../src/kinds/field-support.ts';
import { unsupportedFields, type UnsupportedField } from '../../src/kinds/unsupported-fields.ts';

const fields: readonly UnsupportedField[] = [
  { field: 'Container.tty', runtimes: ['process'], why: 'no terminal', when: (value) => value === true },
  { field: 'PodSpec.overhead', runtimes: 'all', why: 'no overhead' },
  { field: 'JSONSchemaProps.title', runtimes: 'all', why: 'a model that contains itself' },
];

test('a use is found wherever its model stands, with its path', () => {
  const spec = { overhead: {}, containers: [{ name: 'a' }, { name: 'b', tty: true }], initContainers: [{ name: 'c', tty: false }] };
  const support = new FieldSupport(fields);
  expect(support.find('Pod', { spec }, 'process')).toEqual([
    { path: 'spec.overhead', why: 'no overhead', becauseOfRuntime: false },
    { path: 'spec.containers[1].tty', why: 'no terminal', becauseOfRuntime: true },
  ]);
  expect(support.find('ReplicationController', { spec: { template: { spec } } }, 'simulated').map(({ path }) => path)).toEqual([
    'spec.template.spec.overhead',
  ]);
});

test('nulls and what is absent are no use', () => {
  expect(new FieldSupport(fields).find('Pod', { spec: { overhead: null, containers: null } }, 'process')).toEqual([]);
});

test('a frozen container is looked at once, one that may still change every time', () => {
  let asked = 0;
  const counting = new FieldSupport([{ field: 'Container.tty', runtimes: 'all', why: 'x', when: () => ++asked > 0 }]);
  const frozen = deepFreeze({ name: 'c', tty: true });
  for (const container of [frozen, frozen]) {
    const uses = counting.find('Pod', { spec: { containers: [container] } }, 'process');
    expect(uses.map(({ path }) => path)).toEqual(['spec.containers[0].tty']);
  }
  expect(asked).toBe(1);
  const loose = { name: 'c', tty: true };
  for (const container of [loose, loose]) counting.find('Pod', { spec: { containers: [container] } }, 'process');
  expect(asked).toBe(3);
});

test('the spec of a Pod is looked at once for its template, whatever node it is bound to', () => {
  let asked = 0;
  const counting = new FieldSupport([
    { field: 'Container.tty', runtimes: 'all', why: 'x', when: () => ++asked > 0 },
    { field: 'PodSpec.overhead', runtimes: 'all', why: 'y' },
  ]);
  const template = deepFreeze({ containers: [{ name: 'c', tty: true }] });
  const paths = (spec: object): readonly string[] => counting.find('PodSpec', deepFreeze(spec), 'process').map(({ path }) => path);
  expect(paths({ ...template, nodeName: 'a' })).toEqual(['containers[0].tty']);
  expect(paths({ ...template, nodeName: 'b' })).toEqual(['containers[0].tty']);
  expect(asked).toBe(1);
  // The containers are the same, the rest is not.
  expect(paths({ ...template, nodeName: 'b', overhead: {} })).toEqual(['overhead', 'containers[0].tty']);
  expect(paths({ ...template, nodeName: 'c' })).toEqual(['containers[0].tty']);
});

test('every line of the table names a field there is', () => {
  const unknown = unsupportedFields.filter(({ field }) => {
    const [model = '', name = ''] = field.split('.');
    return encodedSchema[model]?.[name] === undefined;
  });
  expect(unknown).toEqual([]);
  expect(new Set(unsupportedFields.map(({ field, runtimes, when }) => `${field} ${String(runtimes)} ${String(when)}`)).size).toBe(
    unsupportedFields.length,
  );
});
