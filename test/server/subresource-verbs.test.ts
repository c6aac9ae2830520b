import { expect, test } from 'vitest';
import { ServedApi } from './served-api.ts';

test.each(['status', 'ephemeralcontainers'])('DELETE of pods/web/%s is no way to delete the Pod', async (subresource) => {
  await using api = await ServedApi.start();
  const pods = '/api/v1/namespaces/default/pods';
  await api.create(pods, { metadata: { name: 'web' }, spec: { containers: [{ name: 'c', image: 'web:1' }] } });
  const { status, body } = await api.ask(`${pods}/web/${subresource}`, { method: 'DELETE' });
  expect(status).toBe(405);
  expect(body).toMatchObject({ kind: 'Status', reason: 'MethodNotAllowed' });
  expect((await api.ask(`${pods}/web`)).body).not.toHaveProperty('metadata.deletionTimestamp');
});
