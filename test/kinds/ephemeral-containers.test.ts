import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { ServedApi } from '../server/served-api.ts';

const pods = '/api/v1/namespaces/default/pods';
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

interface Refusal {
  readonly message: string;
}

describe('pods/ephemeralcontainers', () => {
  let api: ServedApi;
  const add = (...ephemeralContainers: readonly object[]) =>
    api.ask<Refusal>(`${pods}/p/ephemeralcontainers`, { method: 'PATCH', headers: strategic, body: { spec: { ephemeralContainers } } });

  beforeAll(async () => {
    api = await ServedApi.start();
    await api.create(pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  });
  afterAll(() => api[Symbol.asyncDispose]());

  test('adds what is new, with defaults, and nothing else of the Pod', async () => {
    const answer = await api.ask<object>(`${pods}/p/ephemeralcontainers`, {
      method: 'PATCH',
      headers: strategic,
      body: { metadata: { labels: { a: 'b' } }, spec: { hostname: 'other', ephemeralContainers: [{ name: 'd', image: 'debug:1' }] } },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { kind: 'Pod', spec: { ephemeralContainers: [{ name: 'd', image: 'debug:1', imagePullPolicy: 'IfNotPresent' }] } },
    });
    expect(answer.body).not.toMatchObject({ metadata: { labels: { a: 'b' } } });
    expect(answer.body).not.toMatchObject({ spec: { hostname: 'other' } });
    expect(await api.ask(`${pods}/p/ephemeralcontainers`)).toMatchObject({
      status: 200,
      body: { spec: { ephemeralContainers: [{ name: 'd' }] } },
    });
  });

  test('refuses what an ephemeral container may not have, and to change or remove one that is there', async () => {
    expect(await add({ name: 'e', image: 'i', ports: [{ containerPort: 80 }] })).toMatchObject({
      status: 422,
      body: { message: 'Pod "p" is invalid: spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container' },
    });
    expect((await add({ name: 'c', image: 'i' })).body.message).toContain('spec.ephemeralContainers[0].name: Duplicate value: "c"');
    expect((await add({ name: 'f', image: 'i', targetContainerName: 'x' })).body.message).toContain('targetContainerName: Not found: "x"');
    expect((await add({ name: 'd', image: 'debug:2' })).body.message).toContain('existing ephemeral containers "d" may not be changed');
    const removed = await api.ask<Refusal>(`${pods}/p/ephemeralcontainers`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json-patch+json' },
      body: [{ op: 'remove', path: '/spec/ephemeralContainers' }],
    });
    expect(removed.body.message).toContain('existing ephemeral containers "d" may not be removed');
  });

  test('neither a create nor an update of the Pod itself brings one', async () => {
    const ephemeralContainers = [{ name: 'd', image: 'i' }];
    const created = await api.ask<Refusal>(pods, {
      body: { metadata: { name: 'q' }, spec: { containers: [{ name: 'c', image: 'i' }], ephemeralContainers } },
    });
    expect(created.body.message).toContain('spec.ephemeralContainers: Forbidden: cannot be set on create');
    await api.create(pods, { metadata: { name: 'q' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const patched = await api.ask<Refusal>(`${pods}/q`, { method: 'PATCH', headers: strategic, body: { spec: { ephemeralContainers } } });
    expect(patched).toMatchObject({ status: 422 });
    expect(patched.body.message).toContain('pod updates may not change fields other than');
  });

  test('a host that lets no Pod touch the machine lets no ephemeral container do so', async () => {
    const answer = await add({ name: 'g', image: 'i', securityContext: { privileged: true } });
    expect(answer).toMatchObject({ status: 403 });
  });
});
