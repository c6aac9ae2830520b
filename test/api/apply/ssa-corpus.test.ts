import { describe, expect, test } from 'vitest';
import { FieldManager } from '../../../src/api/apply/field-manager.ts';
import { managerOfUserAgent } from '../../../src/api/apply/managers.ts';
import { applyMergePatch } from '../../../src/api/merge-patch.ts';
import { ModelStructures } from '../../../src/api/model-structure.ts';
import { deepFreeze } from '../../../src/api/object.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { SchemaTable } from '../../../src/api/schema.ts';
import { ApiError } from '../../../src/errors.ts';
import { sharedData } from '../../shared-data.ts';
import { query, scenarios } from '../corpus.ts';
import type { JsonObject, RecordedRequest, RecordedStep } from '../corpus.ts';

const table = new SchemaTable();
const structures = new ModelStructures(table);
const manager = new FieldManager(table);
const models: Record<string, string> = { configmaps: 'ConfigMap', deployments: 'Deployment', pods: 'Pod' };

/** As much of an API server as server-side apply needs: one object, decoding, and the field manager. */
class Server {
  object: KubeObject | undefined;

  handle(request: RecordedRequest): KubeObject {
    const path = request.path.split('?')[0]!;
    const model = models[path.split('/').find((part) => part in models)!]!;
    const next = this.#write(request, model);
    this.object = deepFreeze(next);
    return next;
  }

  #write(request: RecordedRequest, model: string): KubeObject {
    const type = request.contentType ?? '';
    const apiVersion = model === 'Deployment' ? 'apps/v1' : 'v1';
    const write = {
      model,
      apiVersion,
      manager: query(request.path, 'fieldManager') ?? managerOfUserAgent('corpus/1'),
      time: '2024-01-01T00:00:00Z',
      resetFields: ['status'],
    };
    const read = (value: unknown): KubeObject => structures.of(model).read(value).value as KubeObject;
    if (type.includes('apply'))
      return read(
        manager.apply(this.object, deepFreeze(request.body), { ...write, force: query(request.path, 'force') === 'true' }, read({})).object,
      );
    const body = type.includes('merge-patch') ? applyMergePatch(this.object, request.body) : request.body;
    return manager.track(this.object, read(body), write, read({}));
  }
}

/** Refused by the registry before or after server-side apply, which is not tested here. */
const byTheRegistry = /undeterminable|does not match the name|PatchOptions|updates may not change|has been modified|same type| is invalid:/;

function withoutTimes(entries: unknown): unknown {
  return JSON.parse(JSON.stringify(entries ?? []).replaceAll('2024-01-01T00:00:00Z', '<time>'));
}

function objectText(body: unknown): string {
  const { apiVersion = '', kind = '', metadata } = body as KubeObject;
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
}

function replay(steps: readonly RecordedStep[], setup: readonly RecordedRequest[], exact: boolean): number {
  const server = new Server();
  for (const request of setup.filter((r) => !r.path.endsWith('/namespaces'))) server.handle(request);
  let compared = 0;
  for (const step of steps) {
    const message = String(step.expect.body?.message ?? '');
    if (
      step.method === 'GET' ||
      typeof step.body !== 'object' ||
      byTheRegistry.test(message) ||
      JSON.stringify(step.body).includes('resourceVersion')
    )
      continue;
    if (step.expect.status >= 400) {
      let error: unknown;
      try {
        server.handle(step);
      } catch (e) {
        error = e;
      }
      expect(error).toBeInstanceOf(ApiError);
      const { status, message: said, details } = error as ApiError;
      expect({ status, said, causes: details?.causes }).toEqual({
        status: step.expect.status,
        // 1.33 says of which object it is as well.
        said: message.replace('typed patch object:', `typed patch object (${objectText(step.body)}):`),
        causes: (step.expect.body.details as JsonObject | undefined)?.causes,
      });
    } else {
      const object = server.handle(step) as KubeObject & {
        data?: unknown;
        spec?: { replicas?: number; template?: { spec: { containers: JsonObject[] } }; containers?: JsonObject[] };
      };
      const recorded = step.expect.body as unknown as typeof object;
      expect(object.data).toEqual(recorded.data);
      expect(object.metadata?.labels).toEqual(recorded.metadata?.labels);
      expect(object.spec?.replicas).toEqual(recorded.spec?.replicas);
      const containers = (of: typeof object): unknown =>
        (of.spec?.template?.spec ?? of.spec)?.containers?.map(({ name, image, env, ports }) => ({ name, image, env, ports }));
      expect(containers(object)).toEqual(containers(recorded));
      if (exact) expect(withoutTimes(object.metadata?.managedFields)).toEqual(recorded.metadata?.managedFields ?? []);
    }
    compared += 1;
  }
  return compared;
}

describe.skipIf(sharedData === undefined)('server-side apply as recorded from Kubernetes', () => {
  let compared = 0;

  test.each(scenarios('ssa').map((s) => [s.name, s] as const))('%s', (_, s) => {
    const steps = replay(s.steps, s.setup, false);
    compared += steps;
    expect(steps).toBeLessThanOrEqual(s.steps.length);
  });

  test.each(scenarios('ssa-managedfields').map((s) => [s.name, s] as const))('%s', (_, s) => {
    const steps = replay(s.steps, s.setup, true);
    compared += steps;
    expect(steps).toBe(s.steps.length);
  });

  test('enough was compared', () => {
    expect(compared).toBeGreaterThan(30);
  });
});
