import { describe, expect, test } from 'vitest';
import { Cluster, ForbiddenError, InvalidError, type AdmissionRequest, type AdmissionStep, type KubeObject } from '../../src/index.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const clusterWith = (...admission: readonly AdmissionStep[]): Promise<Cluster> =>
  Cluster.create({ clock: new ManualClock(), seed: 1, admission, nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });

const forConfigMaps = (step: AdmissionStep): AdmissionStep => ({
  name: step.name,
  ...(step.mutate === undefined
    ? {}
    : { mutate: (request: AdmissionRequest) => (request.kind.kind === 'ConfigMap' ? step.mutate!(request) : undefined) }),
  ...(step.validate === undefined
    ? {}
    : { validate: (request: AdmissionRequest) => (request.kind.kind === 'ConfigMap' ? step.validate!(request) : undefined) }),
});

/** The object with one more entry in its data. */
const withEntry = (object: KubeObject, key: string, value: string): KubeObject => {
  const { data } = object as { readonly data?: object };
  return { ...object, data: { ...data, [key]: value } } as KubeObject;
};

describe('admission steps of the host', () => {
  test('change what is written, one after the other, also what controllers write; what they changed is defaulted', async () => {
    const sidecar: AdmissionStep = {
      name: 'Sidecar',
      mutate: async ({ kind, operation, object }) => {
        if (kind.kind !== 'Pod' || operation !== 'CREATE') return undefined;
        await Promise.resolve();
        const { spec } = object as { readonly spec: { readonly containers: readonly object[] } };
        return {
          object: { ...object, spec: { ...spec, containers: [...spec.containers, { name: 'proxy', image: 'proxy:1' }] } } as KubeObject,
        };
      },
    };
    const marks = ['first', 'second'].map((name): AdmissionStep => ({
      name,
      mutate: ({ kind, operation, object }) => {
        if (kind.kind !== 'Pod' || operation !== 'CREATE') return undefined;
        const { annotations = {} } = object.metadata ?? {};
        const order = [annotations['order'], name].filter((each) => each !== undefined).join(', ');
        return { object: { ...object, metadata: { ...object.metadata, annotations: { ...annotations, order } } } };
      },
    }));
    await using cluster = await clusterWith(sidecar, ...marks);
    const owner = await cluster.run('web', 'web:1', { replicas: 2 });
    await owner.ready();
    for (const { spec, metadata } of owner.pods()) {
      expect(spec.containers.map(({ name }) => name)).toEqual(['web', 'proxy']);
      expect(spec.containers[1]).toMatchObject({ imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' });
      expect(metadata.annotations?.['order']).toBe('first, second');
    }
  });

  test('what they make of an object is validated like anything else', async () => {
    const spoiler = forConfigMaps({ name: 'Spoiler', mutate: ({ object }) => ({ object: withEntry(object, 'no/good', 'x') }) });
    await using cluster = await clusterWith(spoiler);
    await expect(cluster.configMaps.create({ metadata: { name: 'c' } })).rejects.toBeInstanceOf(InvalidError);
    expect(cluster.configMaps.get('c')).toBeUndefined();
  });

  test('refuse in their own words and warn; see who asks, what there was, and what goes', async () => {
    const seen: string[] = [];
    const guard = forConfigMaps({
      name: 'Guard',
      validate: ({ operation, old, object, identity, warn, view, kind }) => {
        seen.push(`${operation} ${identity.role} ${old === undefined ? 'new' : 'old'} ${view.list(kind, { namespace: 'default' }).length}`);
        if (operation === 'DELETE') throw new ForbiddenError(`${object.metadata?.name} stays`);
        warn('be careful');
      },
    });
    await using cluster = await clusterWith(guard);
    const warnings: string[] = [];
    const onWarning = (text: string): void => void warnings.push(text);
    const kept = await cluster.configMaps.create({ metadata: { name: 'kept' } }, { onWarning });
    await kept.label({ a: 'b' });
    await expect(kept.delete()).rejects.toThrow('kept stays');
    expect(kept.metadata.deletionTimestamp).toBeUndefined();
    expect(warnings).toEqual(['be careful']);
    const before = seen[0]!.split(' ').at(-1);
    expect(seen).toEqual([`CREATE host new ${before}`, `UPDATE host old ${Number(before) + 1}`, `DELETE host old ${Number(before) + 1}`]);
  });

  test('give back what they reserved when the write fails after all, and are told of dry runs', async () => {
    const reserved: string[] = [];
    const reserve = forConfigMaps({
      name: 'Reserve',
      mutate: ({ object, operation, dryRun }) => {
        const name = object.metadata?.name ?? '';
        if (operation !== 'CREATE' || dryRun) return undefined;
        reserved.push(name);
        return {
          object: withEntry(object, 'ticket', String(reserved.length)),
          rollback: async () => void reserved.splice(reserved.indexOf(name), 1),
        };
      },
    });
    const late = forConfigMaps({
      name: 'Late',
      validate: ({ object }) => {
        if (object.metadata?.name === 'late') throw new ForbiddenError('too late');
      },
    });
    await using cluster = await clusterWith(reserve, late);
    const create = (name: string, options: { readonly dryRun?: boolean } = {}) =>
      cluster.configMaps.create({ metadata: { name } }, options);
    await create('a');
    await create('trial', { dryRun: true });
    await expect(create('late')).rejects.toThrow('too late');
    await expect(create('a')).rejects.toMatchObject({ status: 409 });
    expect(reserved).toEqual(['a']);
    expect(cluster.configMaps.get('a')?.data).toEqual({ ticket: '1' });
  });
});
