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

test('a key that stands twice in YAML is refused, told of, or let be, as asked', async () => {
  await using api = await ServedApi.start();
  const path = '/api/v1/namespaces/default/configmaps';
  const text = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  a: "1"\n  a: "2"\n`;
  const ask = async (name: string, validation: string, apply: boolean) => {
    const url = `${api.server.url}${path}${apply ? `/${name}` : ''}?fieldManager=test&fieldValidation=${validation}`;
    const headers = { authorization: 'Bearer admin', 'content-type': apply ? 'application/apply-patch+yaml' : 'application/yaml' };
    const response = await fetch(url, { method: apply ? 'PATCH' : 'POST', headers, body: text(name) });
    const { message = '' } = (await response.json()) as { readonly message?: string };
    return { status: response.status, message, warning: response.headers.get('warning') ?? '' };
  };
  for (const apply of [false, true]) {
    const strict = await ask(`strict-${apply}`, 'Strict', apply);
    expect(strict).toMatchObject({ status: 400, message: expect.stringContaining('line 6: key "a" already set in map') });
    const warned = await ask(`warned-${apply}`, 'Warn', apply);
    expect(warned).toMatchObject({ status: 201, warning: expect.stringContaining('already set in map') });
    expect(await ask(`ignored-${apply}`, 'Ignore', apply)).toMatchObject({ status: 201, warning: '' });
  }
});
