import { expect, test } from 'vitest';
import { ManualClock } from '../../src/index.ts';
import { ServedApi } from './served-api.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';

interface Listed {
  readonly metadata: { readonly resourceVersion: string };
}

interface Event {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string; readonly resourceVersion: string; readonly annotations?: object } };
}

/** Opens a watch; `all` gives its events once it has ended. */
async function watch(api: ServedApi, query: string): Promise<{ all(): Promise<readonly Event[]> }> {
  const response = await fetch(`${api.server.url}${configMaps}?watch=true&${query}`, { headers: { authorization: 'Bearer admin' } });
  expect(response.status).toBe(200);
  return {
    all: async () =>
      (await response.text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Event),
  };
}

test.each(['', '&resourceVersionMatch=NotOlderThan', '&resourceVersionMatch=Exact'])(
  'a list from the future is refused as Kubernetes does, so that informers begin anew (%s)',
  async (match) => {
    await using api = await ServedApi.start();
    const { body } = await api.ask<Listed>(configMaps);
    const current = body.metadata.resourceVersion;
    expect(await api.ask(`${configMaps}?resourceVersion=99999${match}`)).toMatchObject({
      status: 504,
      body: {
        kind: 'Status',
        reason: 'Timeout',
        message: `Timeout: Too large resource version: 99999, current: ${current}`,
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      },
    });
    expect((await api.ask(`${configMaps}?resourceVersion=${current}${match}`)).status).toBe(200);
  },
);

test('bookmarks: each minute and at the end, as far as the cluster came, though nothing that is watched has changed', async () => {
  const clock = new ManualClock();
  await using api = await ServedApi.start({}, { controllers: 'none', scheduler: 'none', clock });
  const { body } = await api.ask<Listed>(configMaps);
  const quiet = await watch(api, `resourceVersion=${body.metadata.resourceVersion}&allowWatchBookmarks=true&timeoutSeconds=90`);
  const secret = await api.ask<Listed>('/api/v1/namespaces/default/secrets', { body: { metadata: { name: 's' } } });
  await api.cluster.advance(60_000);
  const later = await api.ask<Listed>('/api/v1/namespaces/default/secrets', { body: { metadata: { name: 't' } } });
  await api.cluster.advance(30_000);
  const events = await quiet.all();
  expect(events.map(({ type, object }) => [type, object.metadata.resourceVersion])).toEqual([
    ['BOOKMARK', secret.body.metadata.resourceVersion],
    ['BOOKMARK', later.body.metadata.resourceVersion],
  ]);
});

test('sendInitialEvents: what there is, then a bookmark that says so', async () => {
  const clock = new ManualClock();
  await using api = await ServedApi.start({}, { controllers: 'none', scheduler: 'none', clock });
  for (const name of ['a', 'b']) await api.create(configMaps, { metadata: { name } });
  const initial = await watch(
    api,
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0&timeoutSeconds=5',
  );
  await api.cluster.advance(5000);
  const events = await initial.all();
  expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
    ['ADDED', 'a'],
    ['ADDED', 'b'],
    ['BOOKMARK', undefined],
    ['BOOKMARK', undefined],
  ]);
  expect(events[2]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  expect(events[3]?.object.metadata.annotations).toBeUndefined();
});
