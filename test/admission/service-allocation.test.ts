import { describe, expect, test } from 'vitest';
import { Cluster, ManualClock } from 'coxswain';
import type { AdmissionStep } from 'coxswain';

const clock = (): ManualClock => new ManualClock();

describe('what a Service was given goes back if the write is refused', () => {
  test('by validation: the node port that an update asked for', async () => {
    await using cluster = await Cluster.create({ clock: clock(), nodes: [] });
    const web = await cluster.services.create({ metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } });
    const spec = { type: 'NodePort', sessionAffinity: 'Nobody', ports: [{ port: 80, nodePort: 30_777 }] };
    await expect(web.patch({ type: 'merge', patch: { spec } })).rejects.toThrow('spec.sessionAffinity');
    const other = await cluster.services.create({
      metadata: { name: 'other' },
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_777 }] },
    });
    expect(other.spec.ports?.[0]?.nodePort).toBe(30_777);
  });

  test.each<[string, NonNullable<AdmissionStep['mutate']>]>([
    [
      'at once',
      () => {
        throw new Error('not today');
      },
    ],
    ['later', () => Promise.reject(new Error('not today'))],
  ])("by a step of the host's own that refuses %s: the address", async (_when, refuse) => {
    let refuses = true;
    const step: AdmissionStep = {
      name: 'refusing',
      mutate: (request) => (refuses && request.kind.kind === 'Service' ? refuse(request) : undefined),
    };
    await using cluster = await Cluster.create({ clock: clock(), nodes: [], admission: [step] });
    const web = { metadata: { name: 'web' }, spec: { clusterIP: '127.96.0.77', ports: [{ port: 80 }] } };
    await expect(cluster.services.create(web)).rejects.toThrow('not today');
    refuses = false;
    expect((await cluster.services.create(web)).spec.clusterIP).toBe('127.96.0.77');
  });
});
