import { expect, test } from 'vitest';
import { ServedApi } from './served-api.ts';

test('an object keeps all its fields in a list, in whatever order they were sent', async () => {
  await using api = await ServedApi.start();
  await api.create('/api/v1/namespaces/default/configmaps', { data: { a: '"metadata"' }, immutable: true, metadata: { name: 'c' } });
  const { body } = await api.ask<{ readonly items: readonly object[] }>('/api/v1/namespaces/default/configmaps');
  expect(body.items).toMatchObject([{ data: { a: '"metadata"' }, immutable: true, metadata: { name: 'c' } }]);
});

test.each(['PUT', 'PATCH'])('%s of an object whose name is no text is refused with a Status', async (method) => {
  await using api = await ServedApi.start();
  const path = '/api/v1/namespaces/default/configmaps';
  await api.create(path, { metadata: { name: 'c' } });
  const headers = { 'content-type': method === 'PUT' ? 'application/json' : 'application/merge-patch+json' };
  for (const metadata of [{ name: { toString: 'x' } }, { name: ['c'] }, { name: 'c', namespace: { toString: 1 } }]) {
    const { status, body } = await api.ask(`${path}/c`, { method, headers, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata } });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).toMatchObject({ kind: 'Status', code: status });
  }
});
