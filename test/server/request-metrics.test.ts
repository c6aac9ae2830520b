import { expect, test } from 'vitest';
import { ServedApi } from './served-api.ts';

test('requests, watches and objects are counted', async () => {
  await using s = await ServedApi.start();
  const metrics = async (): Promise<string> => (await s.ask<{ readonly text: string }>('/metrics')).body.text;
  await s.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
  await s.ask('/api/v1/namespaces/default/configmaps/none');
  await s.ask('/apis/made-up/v1/things', { method: 'PURGE' });
  const leaving = new AbortController();
  const headers = { authorization: 'Bearer admin' };
  await fetch(`${s.server.url}/api/v1/configmaps?watch=true`, { headers, signal: leaving.signal });
  await expect.poll(metrics, { timeout: 120_000 }).toContain('apiserver_request_total{verb="other",resource="",code="404"} 1');
  const text = await metrics();
  expect(text).toContain('apiserver_request_total{verb="POST",resource="configmaps",code="201"} 1\n');
  expect(text).toContain('apiserver_request_total{verb="GET",resource="configmaps",code="404"} 1\n');
  expect(text).toContain('apiserver_request_duration_seconds_count{verb="POST",resource="configmaps"} 1\n');
  expect(text).toContain('apiserver_request_duration_seconds_bucket{verb="POST",resource="configmaps",le="+Inf"} 1\n');
  expect(text).toContain('apiserver_longrunning_requests{verb="WATCH",resource="configmaps"} 1\n');
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
  expect(text).toMatch(/^coxswain_store_revision [1-9]\d*$/m);
  expect(text).not.toContain('made-up');
  expect(text).not.toContain('PURGE');
  await expect.poll(metrics, { timeout: 120_000 }).toContain('apiserver_storage_objects{resource="configmaps"} 1\n');
  leaving.abort();
  await expect.poll(metrics, { timeout: 120_000 }).toContain('apiserver_longrunning_requests{verb="WATCH",resource="configmaps"} 0\n');
});
