import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Identity } from '../../src/api/client.ts';
import { ServedApi } from './served-api.ts';

const user = (name: string, ...groups: string[]): Identity => ({ name, groups: [...groups, 'system:authenticated'], role: 'user' });
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const roleRef = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const subject = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const pods = (...verbs: string[]): object => ({ apiGroups: [''], resources: ['pods'], verbs });

let api: ServedApi;

beforeAll(async () => {
  const tokens = { alice: user('alice'), bob: user('bob', 'dev'), carol: user('carol'), dave: user('dave') };
  api = await ServedApi.start({ auth: { authorization: 'rbac', tokens } });
  for (const name of ['one', 'two']) await api.create('/api/v1/namespaces', { metadata: { name } });
  await api.create(`${rbac}/namespaces/one/roles`, { metadata: { name: 'reader' }, rules: [pods('get', 'list')] });
  await api.create(`${rbac}/namespaces/one/rolebindings`, {
    metadata: { name: 'alice-reads' },
    roleRef: roleRef('Role', 'reader'),
    subjects: [subject('User', 'alice')],
  });
  await api.create(`${rbac}/namespaces/two/rolebindings`, {
    metadata: { name: 'dev-views' },
    roleRef: roleRef('ClusterRole', 'view'),
    subjects: [subject('Group', 'dev')],
  });
  await api.create(`${rbac}/namespaces/one/rolebindings`, {
    metadata: { name: 'carol-administers' },
    roleRef: roleRef('ClusterRole', 'admin'),
    subjects: [subject('User', 'carol')],
  });
});

afterAll(() => api[Symbol.asyncDispose]());

describe('what is bound is allowed, and nothing else', () => {
  test.each([
    ['alice', '/api/v1/namespaces/one/pods', 200],
    ['alice', '/api/v1/namespaces/two/pods', 403],
    ['alice', '/api/v1/pods', 403],
    ['alice', '/api/v1/namespaces/one/pods?watch=true', 403],
    ['alice', '/api/v1/namespaces/one/pods/x/log', 403],
    ['alice', '/api/v1/namespaces/one/secrets', 403],
    ['alice', '/api/v1/namespaces/one', 403],
    ['alice', '/apis/apps/v1', 200],
    ['alice', '/metrics', 403],
    ['bob', '/api/v1/namespaces/two/pods', 200],
    ['bob', '/api/v1/namespaces/two/secrets', 403],
    ['bob', '/api/v1/namespaces/two', 200],
    ['bob', '/api/v1/namespaces/one/pods', 403],
    ['carol', '/api/v1/namespaces/one/secrets', 200],
    ['carol', '/api/v1/namespaces/two/secrets', 403],
    ['admin', '/api/v1/namespaces/two/secrets', 200],
    ['stranger', '/api/v1/namespaces/one/pods', 401],
    ['', '/apis', 401],
  ])('%s asks for %s: %i', async (token, path, status) => {
    expect((await api.ask(path, { token })).status).toBe(status);
  });

  test.each([
    [
      '/api/v1/namespaces/two/pods',
      'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "two"',
      { kind: 'pods' },
    ],
    [
      '/apis/apps/v1/namespaces/two/deployments/web/scale',
      'deployments.apps "web" is forbidden: User "alice" cannot get resource "deployments/scale" in API group "apps" in the namespace "two"',
      { name: 'web', group: 'apps', kind: 'deployments' },
    ],
    [
      '/api/v1/nodes',
      'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope',
      { kind: 'nodes' },
    ],
    ['/metrics', 'forbidden: User "alice" cannot get path "/metrics"', {}],
  ])('says why %s is refused as Kubernetes does', async (path, message, details) => {
    const { body } = await api.ask(path, { token: 'alice' });
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason: 'Forbidden',
      details,
      code: 403,
    });
  });

  test('a binding to a role that is not there says so', async () => {
    await api.create(`${rbac}/namespaces/one/rolebindings`, {
      metadata: { name: 'dangling' },
      roleRef: roleRef('Role', 'gone'),
      subjects: [subject('User', 'dave')],
    });
    const { body } = await api.ask('/api/v1/namespaces/one/pods', { token: 'dave' });
    expect(body['message']).toMatch(/in the namespace "one": RBAC: role\.rbac\.authorization\.k8s\.io "gone" not found$/);
  });
});

describe('nobody gives what he has not', () => {
  test('a role with more than its writer has is refused, one with less is not', async () => {
    const path = `${rbac}/namespaces/one/roles`;
    const allowed = { metadata: { name: 'fine' }, rules: [pods('get', 'delete')] };
    expect((await api.ask(path, { token: 'carol', body: allowed })).status).toBe(201);
    const beyond = { metadata: { name: 'beyond' }, rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] };
    const answer = await api.ask(path, { token: 'carol', body: beyond });
    expect(answer.status).toBe(403);
    expect(answer.body['message']).toBe(
      'roles.rbac.authorization.k8s.io "beyond" is forbidden: user "carol" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    const patch = { method: 'PATCH', token: 'carol', headers: { 'content-type': 'application/merge-patch+json' } };
    expect((await api.ask(`${path}/fine`, { ...patch, body: { rules: beyond.rules } })).status).toBe(403);
    expect((await api.ask(`${path}/fine`, { ...patch, body: { metadata: { labels: { a: 'b' } } } })).status).toBe(200);
  });

  test('a binding to a role with more is refused, unless one may bind it', async () => {
    const path = `${rbac}/namespaces/one/rolebindings`;
    const bound = (name: string, role: string): object => ({
      metadata: { name },
      roleRef: roleRef('ClusterRole', role),
      subjects: [subject('User', 'carol')],
    });
    const refused = await api.ask(path, { token: 'carol', body: bound('all', 'cluster-admin') });
    expect(refused).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
    expect((await api.ask(path, { token: 'carol', body: bound('seen', 'view') })).status).toBe(201);
    await api.create(`${rbac}/namespaces/one/roles`, {
      metadata: { name: 'binder' },
      rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], resourceNames: ['cluster-admin'], verbs: ['bind'] }],
    });
    await api.create(path, { metadata: { name: 'carol-binds' }, roleRef: roleRef('Role', 'binder'), subjects: [subject('User', 'carol')] });
    expect((await api.ask(path, { token: 'carol', body: bound('all', 'cluster-admin') })).status).toBe(201);
  });
});

describe('roles that are gathered', () => {
  test('get the rules of whatever carries the label, at once', async () => {
    await api.create(`${rbac}/clusterroles`, {
      metadata: { name: 'widgets', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: ['example.org'], resources: ['widgets'], verbs: ['get'] }],
    });
    const spec = { resourceAttributes: { group: 'example.org', resource: 'widgets', verb: 'get', namespace: 'two' } };
    const { body } = await api.ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { token: 'bob', body: { spec } });
    expect(body).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } });
  });

  test('have them written down by their controller', async () => {
    await using other = await ServedApi.start(
      { auth: { authorization: 'rbac' } },
      { controllers: 'clusterrole-aggregation', scheduler: 'none' },
    );
    await other.cluster.settle();
    const { body } = await other.ask<{ readonly rules: readonly object[] }>(`${rbac}/clusterroles/admin`);
    expect(body.rules).toContainEqual({ apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'], verbs: ['create'] });
  });
});

describe('questions about access', () => {
  const review = '/apis/authorization.k8s.io/v1';

  test('about somebody else', async () => {
    const spec = { user: 'alice', resourceAttributes: { resource: 'pods', verb: 'list', namespace: 'one' } };
    expect((await api.ask(`${review}/subjectaccessreviews`, { body: { spec } })).body).toMatchObject({ status: { allowed: true } });
    const elsewhere = { ...spec, resourceAttributes: { ...spec.resourceAttributes, namespace: 'two' } };
    expect((await api.ask(`${review}/subjectaccessreviews`, { body: { spec: elsewhere } })).body).toMatchObject({
      status: { allowed: false },
    });
    expect((await api.ask(`${review}/namespaces/two/localsubjectaccessreviews`, { body: { spec } })).status).toBe(400);
    expect((await api.ask(`${review}/subjectaccessreviews`, { body: { spec: { user: 'alice' } } })).status).toBe(422);
    expect((await api.ask(`${review}/subjectaccessreviews`, { token: 'alice', body: { spec } })).status).toBe(403);
  });

  test('about all one may do', async () => {
    const { body } = await api.ask(`${review}/selfsubjectrulesreviews`, { token: 'alice', body: { spec: { namespace: 'one' } } });
    expect(body).toMatchObject({ status: { incomplete: false } });
    expect((body['status'] as { resourceRules: object[] }).resourceRules).toContainEqual(pods('get', 'list'));
  });

  test('about who one is', async () => {
    const { status, body } = await api.ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', { token: 'bob', body: {} });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: { userInfo: { username: 'bob', groups: ['dev', 'system:authenticated'] } } });
  });
});

describe('playing somebody else', () => {
  const as = (name: string, ...groups: string[]): Record<string, string> => ({
    'impersonate-user': name,
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups.join(',') }),
  });

  test('is allowed to whoever may impersonate', async () => {
    expect((await api.ask('/api/v1/namespaces/one/pods', { headers: as('alice') })).status).toBe(200);
    expect((await api.ask('/api/v1/namespaces/two/pods', { headers: as('alice') })).status).toBe(403);
    expect((await api.ask('/api/v1/namespaces/two/pods', { headers: as('someone', 'dev') })).status).toBe(200);
  });

  test('is refused to everybody else, also as a master', async () => {
    const { status, body } = await api.ask('/api/v1/secrets', { token: 'alice', headers: as('root', 'system:masters') });
    expect(status).toBe(403);
    expect(body['message']).toBe(
      'users "root" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });
});

test('the host may decide itself', async () => {
  const seen: string[] = [];
  await using other = await ServedApi.start({
    auth: {
      tokens: { eve: user('eve') },
      authorization: {
        authorize: ({ identity, verb, resource }) => {
          seen.push(`${identity.name} ${verb} ${resource?.resource ?? ''}`);
          return { allowed: verb === 'get', reason: 'read-only' };
        },
      },
    },
  });
  expect((await other.ask('/api/v1/namespaces/default', { token: 'eve' })).status).toBe(200);
  const refused = await other.ask('/api/v1/namespaces', { token: 'eve', body: { metadata: { name: 'x' } } });
  expect(refused.body['message']).toMatch(/cannot create resource "namespaces" in API group "" at the cluster scope: read-only$/);
  expect(seen).toEqual(['eve get namespaces', 'eve create namespaces']);
});
