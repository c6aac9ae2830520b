import { apiVersionOf, type KindDescriptor } from '../../api/kind.ts';
import { extraSubresources } from '../extra-subresources.ts';
import type { GroupVersionKind } from './definitions.ts';

/** What is read or written: objects of the kind, a list of them, a model of the table, or nothing that has a schema. */
export type Payload = 'object' | 'list' | 'status' | 'text' | { readonly model: string };

/** One operation of the API, as both versions of OpenAPI tell it. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** `x-kubernetes-action` */
  readonly action: string;
  readonly id: string;
  readonly gvk: GroupVersionKind;
  readonly kind: KindDescriptor;
  readonly query: readonly QueryParameter[];
  readonly body: Payload | 'patch' | 'delete-options' | undefined;
  readonly answer: Payload;
}

export interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

const text = (...names: string[]): QueryParameter[] => names.map((name) => ({ name, type: 'string' }));
const flag = (...names: string[]): QueryParameter[] => names.map((name) => ({ name, type: 'boolean' }));
const count = (...names: string[]): QueryParameter[] => names.map((name) => ({ name, type: 'integer' }));

const listQuery = [
  ...flag('allowWatchBookmarks'),
  ...text('continue', 'fieldSelector', 'labelSelector'),
  ...count('limit'),
  ...text('resourceVersion', 'resourceVersionMatch'),
  ...flag('sendInitialEvents'),
  ...count('timeoutSeconds'),
  ...flag('watch'),
];
const writeQuery = text('dryRun', 'fieldManager', 'fieldValidation');
const patchQuery = [...writeQuery, ...flag('force')];
const deleteQuery = [...text('dryRun'), ...count('gracePeriodSeconds'), ...flag('orphanDependents'), ...text('propagationPolicy')];

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function operationTag({ group, version }: KindDescriptor): string {
  return `${group === '' ? 'Core' : capital(group.replace(/\.k8s\.io$/, '').replace(/\W(\w)/g, (_, letter: string) => letter.toUpperCase()))}${capital(version)}`;
}

const serves = (kind: KindDescriptor, verb: string): boolean => kind.verbs === undefined || kind.verbs.includes(verb);

/** The operations on one kind: its collection, its objects and their subresources. */
export function operationsOf(kind: KindDescriptor): readonly Operation[] {
  const { group, version, plural, namespaced } = kind;
  const root = group === '' ? `/api/${version}` : `/apis/${apiVersionOf(kind)}`;
  const collection = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const gvk: GroupVersionKind = { group, kind: kind.kind, version };
  const tag = `${operationTag(kind)}${namespaced ? 'Namespaced' : ''}`;
  return [
    ...onCollection(kind, collection, namespaced ? `${root}/${plural}` : undefined).map((operation) => ({ gvk, kind, ...operation })),
    ...onObject(kind, `${collection}/{name}`, tag).map((operation) => ({ gvk, kind, ...operation })),
    ...subresources(kind, `${collection}/{name}`, tag, gvk),
  ];
}

type OwnOperation = Omit<Operation, 'gvk' | 'kind'>;

const list = (path: string, id: string): OwnOperation => {
  return { path, id, method: 'get', action: 'list', query: listQuery, body: undefined, answer: 'list' };
};

function onCollection(kind: KindDescriptor, path: string, everywhere: string | undefined): readonly OwnOperation[] {
  const group = operationTag(kind);
  const scope = kind.namespaced ? 'Namespaced' : '';
  const of = (verb: string, operation: OwnOperation): readonly OwnOperation[] => (serves(kind, verb) ? [operation] : []);
  return [
    ...of('list', list(path, `list${group}${scope}${kind.kind}`)),
    ...(everywhere === undefined ? [] : of('list', list(everywhere, `list${group}${kind.kind}ForAllNamespaces`))),
    ...of('create', {
      path,
      id: `create${group}${scope}${kind.kind}`,
      method: 'post',
      action: 'post',
      query: writeQuery,
      body: 'object',
      answer: 'object',
    }),
    ...of('deletecollection', {
      path,
      id: `delete${group}Collection${scope}${kind.kind}`,
      method: 'delete',
      action: 'deletecollection',
      query: [...listQuery, ...deleteQuery],
      body: 'delete-options',
      answer: 'status',
    }),
  ];
}

function onObject(kind: KindDescriptor, path: string, tag: string): readonly OwnOperation[] {
  const named = (word: string): string => `${word}${tag}${kind.kind}`;
  const all: readonly (readonly [verb: string, operation: OwnOperation])[] = [
    ['get', { path, id: named('read'), method: 'get', action: 'get', query: [], body: undefined, answer: 'object' }],
    ['update', { path, id: named('replace'), method: 'put', action: 'put', query: writeQuery, body: 'object', answer: 'object' }],
    ['patch', { path, id: named('patch'), method: 'patch', action: 'patch', query: patchQuery, body: 'patch', answer: 'object' }],
    [
      'delete',
      {
        path,
        id: named('delete'),
        method: 'delete',
        action: 'delete',
        query: deleteQuery,
        body: 'delete-options',
        answer: kind.returnsDeleted === true ? 'object' : 'status',
      },
    ],
  ];
  return all.filter(([verb]) => serves(kind, verb)).map(([, operation]) => operation);
}

function subresources(kind: KindDescriptor, one: string, tag: string, own: GroupVersionKind): readonly Operation[] {
  const scale: GroupVersionKind = { group: 'autoscaling', kind: 'Scale', version: 'v1' };
  const readWrite = (name: string, gvk: GroupVersionKind, payload: Payload): readonly Operation[] => {
    const suffix = `${tag}${kind.kind}${capital(name)}`;
    const at = { path: `${one}/${name}`, gvk, kind, answer: payload };
    return [
      { ...at, method: 'get', action: 'get', id: `read${suffix}`, query: [], body: undefined },
      { ...at, method: 'put', action: 'put', id: `replace${suffix}`, query: writeQuery, body: payload },
      { ...at, method: 'patch', action: 'patch', id: `patch${suffix}`, query: patchQuery, body: 'patch' },
    ];
  };
  const extras = kind.group === '' ? (extraSubresources[kind.plural] ?? []) : [];
  return [
    ...(kind.hasStatus ? readWrite('status', own, 'object') : []),
    ...(kind.scale === undefined ? [] : readWrite('scale', scale, { model: 'Scale' })),
    ...extras.flatMap((extra): readonly Operation[] => {
      const gvk = { group: extra.group ?? kind.group, kind: extra.kind, version: extra.version ?? kind.version };
      const at = { path: `${one}/${extra.name}`, gvk, kind };
      const name = `${tag}${kind.kind}${capital(extra.name)}`;
      if (extra.kind === kind.kind && extra.verbs.includes('patch')) return readWrite(extra.name, gvk, 'object');
      if (extra.kind === kind.kind && extra.verbs.includes('update'))
        return [{ ...at, method: 'put', action: 'put', id: `replace${name}`, query: writeQuery, body: 'object', answer: 'object' }];
      if (extra.payload !== undefined) {
        const payload = { model: extra.payload };
        return [{ ...at, method: 'post', action: 'post', id: `create${name}`, query: writeQuery, body: payload, answer: payload }];
      }
      return [
        {
          ...at,
          method: 'get',
          action: extra.name === 'log' ? 'get' : 'connect',
          id: `connectGet${name}`,
          query: [],
          body: undefined,
          answer: 'text',
        },
      ];
    }),
  ];
}
