import type { Random } from '../../src/env/random.ts';

/** A request that nobody in his right mind sends. */
export interface MalformedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const methods = ['GET', 'GET', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const bases = [
  '/api/v1/namespaces/default/pods',
  '/api/v1/namespaces/default/pods/p',
  '/api/v1/namespaces/default/pods/p/log',
  '/api/v1/namespaces/default/pods/p/exec',
  '/api/v1/namespaces/default/pods/p/portforward',
  '/api/v1/namespaces/default/pods/p/proxy/x',
  '/api/v1/namespaces/default/pods/p/binding',
  '/api/v1/namespaces/default/pods/p/eviction',
  '/api/v1/namespaces/default/pods/p/status',
  '/api/v1/namespaces/default/services/s/proxy/',
  '/api/v1/namespaces/default/configmaps',
  '/api/v1/namespaces/default/configmaps/c',
  '/api/v1/namespaces/default/serviceaccounts/default/token',
  '/api/v1/namespaces/default',
  '/api/v1/namespaces/default/finalize',
  '/api/v1/nodes/n1',
  '/api/v1/nodes/n1/proxy/pods',
  '/api/v1/events',
  '/apis/apps/v1/namespaces/default/deployments',
  '/apis/apps/v1/namespaces/default/deployments/d/scale',
  '/apis/apps/v1/deployments',
  '/apis/batch/v1/namespaces/default/jobs',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  '/apis/authentication.k8s.io/v1/tokenreviews',
  '/apis/apps/v1',
  '/apis',
  '/openapi/v3/apis/apps/v1',
  '/version',
  '/healthz/etcd',
];
const segments = [
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '%00',
  '%',
  '%zz',
  '',
  '%F0%9F%98%80',
  '*',
  '__proto__',
  'constructor',
  'a%2Fb',
  '%25',
  ':',
  'x'.repeat(300),
  '-1',
  'watch',
  'namespaces',
  'proxy',
];
const types = [
  'application/json',
  'application/yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/vnd.kubernetes.protobuf',
  'text/plain',
  '',
  'application/json; charset=\u00e9',
  'application/cbor',
  ';;;',
  'a/b/c',
];
const accepts = [
  'application/json',
  '*/*',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v9;g=x',
  'application/vnd.kubernetes.protobuf',
  ';q=',
  'application/yaml;q=nan',
  '',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  ','.repeat(500),
];
const queries = [
  'labelSelector',
  'fieldSelector',
  'limit',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'dryRun',
  'fieldManager',
  'fieldValidation',
  'force',
  'gracePeriodSeconds',
  'propagationPolicy',
  'includeObject',
  'sendInitialEvents',
  'allowWatchBookmarks',
  'timeoutSeconds',
  'tailLines',
  'sinceSeconds',
  'sinceTime',
  'limitBytes',
  'container',
  'previous',
  'command',
  'stdin',
  'ports',
  'pretty',
  '__proto__',
  'watch',
];
const values = [
  '',
  'a=b',
  'a in (b',
  '!',
  'a==',
  '((((',
  ',,,',
  'metadata.name=p',
  'spec.nope=x',
  '-1',
  '0',
  '1e99',
  '99999999999999999999',
  'true',
  'All',
  '\u0000',
  '%',
  '__proto__',
  'a'.repeat(2000),
  'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ',
  'NotOlderThan',
  'Exact',
  '😀',
  '2020-01-01T00:00:00Z',
  '[]',
  '{}',
];
const keys = [
  'apiVersion',
  'kind',
  'metadata',
  'name',
  'namespace',
  'labels',
  'annotations',
  'spec',
  'status',
  'containers',
  'image',
  'replicas',
  'selector',
  'matchLabels',
  'template',
  'data',
  'rules',
  'verbs',
  'finalizers',
  'ownerReferences',
  'resourceVersion',
  'uid',
  'managedFields',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '$patch',
  '$setElementOrder/containers',
  '$retainKeys',
  '',
  '\u0000',
  'a/b',
  'ports',
  'env',
  'op',
  'path',
  'value',
  'from',
  'target',
  'versions',
  'schema',
  'openAPIV3Schema',
];
const scalars: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  'x',
  'Pod',
  'v1',
  'default',
  'polluted',
  '0x',
  '1Gi',
  '\u0000',
  '\ud800',
  '__proto__',
  '/metadata/__proto__/polluted',
  '/constructor/prototype/polluted',
  'replace',
  'delete',
  'add',
  [],
  {},
];
const texts = [
  '',
  '{',
  '}',
  '[',
  'null',
  '"',
  '{"a":',
  '{"a":1}{"b":2}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '[{"op":"add","path":"/__proto__/polluted","value":true}]',
  '[{"op":"add","path":"/constructor/prototype/polluted","value":true}]',
  '[{"op":"copy","from":"","path":"/metadata/labels/x"}]',
  '[{"op":"test"}]',
  '[]',
  '{"$patch":"delete"}',
  '{"spec":{"$patch":"replace"}}',
  '{"metadata":{"$patch":"delete"}}',
  'a: &a [*a]',
  'a: &x [1]\nb: [*x, *x, *x]',
  '<<: *x',
  '? - :',
  '---\n---',
  '\ufeff{}',
  '{"a":1,"a":2}',
  '1e999',
  '{"metadata":{"name":"x","name":"y"}}',
  'k8s\u0000',
  'k8s\u0000\u00ff\u00ff\u00ff\u00ff\u00ff',
];

const meta = (name: string): object => ({ name, labels: { a: 'b' }, annotations: {}, finalizers: [], ownerReferences: [] });
const container = {
  name: 'c',
  image: 'i',
  env: [{ name: 'A', value: 'b' }],
  ports: [{ containerPort: 80 }],
  resources: { limits: { cpu: '1' } },
};
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
/** Good objects and where they belong: in each one thing is made wrong. */
const good: readonly (readonly [string, object])[] = [
  ['/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('c'), data: { k: 'v' } }],
  [
    '/api/v1/namespaces/default/pods',
    { apiVersion: 'v1', kind: 'Pod', metadata: meta('p2'), spec: { containers: [container], volumes: [{ name: 'v', emptyDir: {} }] } },
  ],
  [
    '/api/v1/namespaces/default/services',
    { apiVersion: 'v1', kind: 'Service', metadata: meta('s'), spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } },
  ],
  [
    '/apis/apps/v1/namespaces/default/deployments',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta('d'),
      spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template },
    },
  ],
  [
    '/apis/batch/v1/namespaces/default/cronjobs',
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata: meta('j'), spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } },
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    { metadata: meta('r'), rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  ],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { spec: { user: 'u', groups: [], resourceAttributes: { verb: 'get', resource: 'pods' } } },
  ],
  ['/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 't', audiences: ['a'] } }],
  [
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    { spec: { audiences: [], expirationSeconds: 600, boundObjectRef: { kind: 'Pod', name: 'p' } } },
  ],
];
const patchTypes = types.slice(2, 6);

/** Makes malformed requests: the same seed, the same requests. */
export class MalformedRequests {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): MalformedRequest {
    if (this.#chance(35)) return this.#almostGood();
    const method = this.#pick(methods);
    return {
      method,
      path: this.#path() + this.#query(),
      headers: this.#headers(),
      body: method === 'GET' || method === 'HEAD' ? undefined : this.#body(),
    };
  }

  /** A good object with one thing wrong; created, or as a patch of one that is there. */
  #almostGood(): MalformedRequest {
    const [path, object] = this.#pick(good);
    const body = Buffer.from(JSON.stringify(this.#spoiled(object, this.#random.integer(6))));
    if (this.#chance(60)) return { method: 'POST', path, headers: { 'content-type': 'application/json' }, body };
    const at = `${path}/${(object as { metadata?: { name?: string } }).metadata?.name ?? 'x'}`;
    const headers = { 'content-type': this.#chance(80) ? this.#pick(patchTypes) : 'application/json' };
    return { method: this.#chance(80) ? 'PATCH' : 'PUT', path: `${at}?fieldManager=fuzz`, headers, body };
  }

  /** The same with one value, so deep, replaced by another. */
  #spoiled(value: unknown, depth: number): unknown {
    if (depth === 0 || typeof value !== 'object' || value === null || Object.keys(value).length === 0) return this.#tree(2);
    if (Array.isArray(value)) return value.map((each, i) => (i === 0 ? this.#spoiled(each, depth - 1) : each));
    const entries = Object.entries(value);
    const spoiled = this.#random.integer(entries.length);
    return this.#entries(
      entries.map(([key, each], i) => [
        i === spoiled && this.#chance(10) ? this.#pick(keys) : key,
        i === spoiled ? this.#spoiled(each, depth - 1) : each,
      ]),
    );
  }

  /** Bytes of no meaning, or of too much. */
  bytes(lengthMax: number): Buffer {
    return Buffer.from(Array.from({ length: this.#random.integer(lengthMax) }, () => this.#random.integer(256)));
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.integer(list.length)]!;
  }

  #chance(percent: number): boolean {
    return this.#random.integer(100) < percent;
  }

  #path(): string {
    const parts = this.#pick(bases).split('/').slice(1);
    if (this.#chance(40)) parts[this.#random.integer(parts.length)] = this.#pick(segments);
    if (this.#chance(15)) parts.splice(this.#random.integer(parts.length + 1), 0, this.#pick(segments));
    if (this.#chance(5)) parts.pop();
    return `/${parts.join('/')}${this.#chance(5) ? '/' : ''}`;
  }

  #query(): string {
    if (this.#chance(40)) return '';
    const count = 1 + this.#random.integer(3);
    return `?${Array.from({ length: count }, () => {
      const value = this.#pick(values);
      return `${this.#pick(queries)}=${this.#chance(70) ? encodeURIComponent(value) : value.replace(/[^!-~]/g, '')}`;
    }).join('&')}`;
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = { 'content-type': this.#pick(types), accept: this.#chance(50) ? '*/*' : this.#pick(accepts) };
    if (this.#chance(5)) headers['impersonate-user'] = this.#pick(['', 'system:anonymous', '__proto__', 'x'.repeat(1000)]);
    if (this.#chance(5)) headers['impersonate-extra-__proto__'] = 'polluted';
    if (this.#chance(3)) headers['accept-encoding'] = this.#pick(['gzip', 'br', '*;q=0', ',,,']);
    if (this.#chance(3))
      headers['authorization'] = this.#pick(['Bearer ', 'Bearer a.b.c', 'Basic eA==', `Bearer ${'x'.repeat(5000)}`, 'bearer e30.e30.e30']);
    return headers;
  }

  #body(): Buffer {
    if (this.#chance(10)) return this.bytes(200);
    if (this.#chance(30)) return Buffer.from(this.#pick(texts));
    if (this.#chance(2)) return Buffer.from(this.#pick(['[', '{"a":', '- ']).repeat(5000));
    const text = JSON.stringify(this.#chance(20) ? [this.#tree(3), this.#tree(3)] : this.#object());
    return Buffer.from(this.#chance(10) ? text.slice(0, this.#random.integer(text.length)) : text);
  }

  /** Like an object of the API, and not. */
  #object(): unknown {
    const shape: [string, unknown][] = [
      ['apiVersion', this.#chance(80) ? this.#pick(['v1', 'apps/v1', 'batch/v1']) : this.#tree(1)],
      [
        'kind',
        this.#chance(80)
          ? this.#pick(['Pod', 'ConfigMap', 'Deployment', 'Job', 'DeleteOptions', 'Scale', 'Binding', 'Eviction'])
          : this.#tree(1),
      ],
      [
        'metadata',
        this.#chance(70)
          ? this.#entries([
              ['name', this.#pick(['p', 'c', 'd', '', '..', 'UPPER', 'a'.repeat(300)])],
              [this.#pick(keys), this.#tree(2)],
            ])
          : this.#tree(2),
      ],
      ['spec', this.#tree(4)],
      [this.#pick(keys), this.#tree(3)],
    ];
    return this.#entries(shape);
  }

  #tree(depth: number): unknown {
    if (depth === 0 || this.#chance(35)) return this.#pick(scalars);
    const count = this.#random.integer(4);
    if (this.#chance(30)) return Array.from({ length: count }, () => this.#tree(depth - 1));
    return this.#entries(Array.from({ length: count }, () => [this.#pick(keys), this.#tree(depth - 1)]));
  }

  /** An object that really has the key `__proto__`, as JSON's text has it. */
  #entries(entries: readonly (readonly [string, unknown])[]): object {
    return Object.fromEntries(entries);
  }
}
