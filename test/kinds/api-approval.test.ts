import { expect, test } from 'vitest';
import { ServedApi } from '../server/served-api.ts';

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const definition = (group: string, note?: string, columns: readonly object[] = []): object => ({
  metadata: { name: `widgets.${group}`, ...(note === undefined ? {} : { annotations: { 'api-approved.kubernetes.io': note } }) },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      { name: 'v1', served: true, storage: true, additionalPrinterColumns: columns, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
});

test('definitions in the groups of the Kubernetes community say where they were approved, or that they were not', async () => {
  await using api = await ServedApi.start();
  const said = async (group: string, note?: string): Promise<string> =>
    (await api.ask<{ readonly message?: string }>(path, { body: definition(group, note) })).body.message ?? '';
  const wanted = 'protected groups must have approval annotation "api-approved.kubernetes.io"';
  for (const group of ['k8s.io', 'a.k8s.io', 'kubernetes.io', 'a.b.kubernetes.io']) {
    expect(await said(group)).toContain(`metadata.annotations[api-approved.kubernetes.io]: Required value: ${wanted}, see`);
    expect(await said(group, 'yes')).toContain(`Invalid value: "yes": ${wanted} with either a URL or a reason starting with "unapproved"`);
  }
  expect(await said('a.k8s.io', 'https://github.com/kubernetes/enhancements/pull/1')).toBe('');
  expect(await said('b.k8s.io', 'unapproved, experimental')).toBe('');
  expect(await said('notk8s.io')).toBe('');
  const removed = { metadata: { annotations: { 'api-approved.kubernetes.io': null } } };
  const headers = { 'content-type': 'application/merge-patch+json' };
  expect((await api.ask(`${path}/widgets.a.k8s.io`, { method: 'PATCH', headers, body: removed })).status).toBe(422);
  const kept = { metadata: { labels: { a: 'b' } } };
  expect((await api.ask(`${path}/widgets.a.k8s.io`, { method: 'PATCH', headers, body: kept })).status).toBe(200);
});

test('the path of a printed column begins with a dot', async () => {
  await using api = await ServedApi.start();
  const columns = [{ name: 'Size', type: 'integer', jsonPath: 'spec.size' }];
  expect(await api.ask(path, { body: definition('x.io', undefined, columns) })).toMatchObject({
    status: 422,
    body: {
      details: {
        causes: [
          {
            field: 'spec.versions[0].additionalPrinterColumns[0].JSONPath',
            message: 'Invalid value: "spec.size": must be a simple json path starting with .',
          },
        ],
      },
    },
  });
});
