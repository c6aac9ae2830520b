import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ManualClock } from '../../src/index.ts';
import { ServedApi } from './served-api.ts';

interface TokenAnswer {
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

const account = '/api/v1/namespaces/default/serviceaccounts/robot';

let api: ServedApi;

beforeAll(async () => {
  api = await ServedApi.start();
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
});

afterAll(() => api[Symbol.asyncDispose]());

const issue = async (spec: object): Promise<string> =>
  (await api.ask<TokenAnswer>(`${account}/token`, { body: { spec } })).body.status.token;
const whoami = (token: string) => api.ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', { token, body: {} });

test('a token speaks for its account until that is gone', async () => {
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'brief' } });
  const { body } = await api.ask<TokenAnswer>('/api/v1/namespaces/default/serviceaccounts/brief/token', { body: { spec: {} } });
  const { token } = body.status;
  expect((await whoami(token)).body).toMatchObject({
    status: {
      userInfo: {
        username: 'system:serviceaccount:default:brief',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      },
    },
  });
  expect(decodeJwt(token)).toMatchObject({ sub: 'system:serviceaccount:default:brief', 'kubernetes.io': { namespace: 'default' } });
  const forged = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  expect((await whoami(forged)).status).toBe(401);
  await api.ask('/api/v1/namespaces/default/serviceaccounts/brief', { method: 'DELETE' });
  expect((await whoami(token)).status).toBe(401);
});

test('a token for other ears opens nothing here, and is good where it is meant', async () => {
  const token = await issue({ audiences: ['vault'] });
  expect((await whoami(token)).status).toBe(401);
  const review = (audiences: readonly string[]) =>
    api.ask('/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token, audiences } } });
  expect((await review(['vault', 'other'])).body).toMatchObject({ status: { authenticated: true, audiences: ['vault'] } });
  expect((await review([])).body).toMatchObject({ status: { error: 'invalid bearer token' } });
});

test('a token that is bound to a Pod dies with it', async () => {
  const pod = await api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const { uid } = pod['metadata'] as { uid: string };
  const token = await issue({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid } });
  expect((await whoami(token)).body).toMatchObject({ status: { userInfo: { extra: { 'authentication.kubernetes.io/pod-name': ['p'] } } } });
  const other = await api.ask(`${account}/token`, {
    body: { spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'x' } } },
  });
  expect(other.status).toBe(409);
  await api.ask('/api/v1/namespaces/default/pods/p', { method: 'DELETE' });
  expect((await whoami(token)).status).toBe(401);
});

test.each([
  [{ expirationSeconds: 10 }, 422, /may not specify a duration less than 10 minutes/],
  [{ boundObjectRef: { kind: 'Pod', name: 'none' } }, 404, /pods "none" not found/],
  [{ boundObjectRef: { kind: 'Node', name: 'n' } }, 400, /expected Pod or Secret/],
])('refuses %j', async (spec, status, message) => {
  const answer = await api.ask(`${account}/token`, { body: { spec } });
  expect(answer.status).toBe(status);
  expect(answer.body['message']).toMatch(message);
});

test('a token ends with its time', async () => {
  const clock = new ManualClock(Date.UTC(2030, 0, 1));
  await using other = await ServedApi.start({}, { clock, controllers: 'none', scheduler: 'none' });
  await other.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
  const { body } = await other.ask<TokenAnswer>(`${account}/token`, { body: { spec: { expirationSeconds: 600 } } });
  expect(body.status.expirationTimestamp).toBe('2030-01-01T00:10:00Z');
  const version = () => other.ask('/version', { token: body.status.token });
  expect((await version()).status).toBe(200);
  await other.cluster.advance('11m');
  expect((await version()).status).toBe(401);
});
