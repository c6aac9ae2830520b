import { expect, test } from 'vitest';
import { KindIndex } from '../../src/api/kind-index.ts';
import { deepFreeze, type StoredObject } from '../../src/api/object.ts';
import { View } from '../../src/api/view.ts';
import type { ViewReader } from '../../src/api/view-reader.ts';
import { Rivals } from '../../src/controllers/autoscaling/rivals.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { builtInKinds } from '../../src/kinds/built-in-kinds.ts';
import { targetOf } from '../../src/kinds/horizontal-pod-autoscaler/hpa-target.ts';
import { horizontalPodAutoscalerKind } from '../../src/kinds/horizontal-pod-autoscaler.ts';
import { podKind } from '../../src/kinds/pod.ts';

const kinds = new KindIndex(builtInKinds);
const prefixes: Readonly<Record<string, string>> = {
  Pod: 'core/pods',
  Deployment: 'apps/deployments',
  ReplicationController: 'core/replicationcontrollers',
  HorizontalPodAutoscaler: 'autoscaling/horizontalpodautoscalers',
};
const apiVersions: Readonly<Record<string, string>> = { Deployment: 'apps/v1', HorizontalPodAutoscaler: 'autoscaling/v2' };

/** A picture that takes in objects one by one, and forgets them. */
class Picture {
  readonly view = new View(builtInKinds);
  #revision = 0;

  put(kind: string, name: string, more: { readonly spec?: object; readonly labels?: object }, namespace = 'default'): void {
    const key = `${prefixes[kind]}/${namespace}/${name}`;
    const previous = this.#at(kind, namespace, name);
    const { labels, ...rest } = more;
    const revision = ++this.#revision;
    const metadata = { namespace, name, uid: `${kind}/${namespace}/${name}`, resourceVersion: `${revision}`, ...(labels && { labels }) };
    const value = deepFreeze({ apiVersion: apiVersions[kind] ?? 'v1', kind, metadata, ...rest }) as unknown as StoredObject;
    this.view.ingest([{ type: 'put', key, entry: { key, value, revision, createRevision: 1 }, previous }] as never);
  }

  delete(kind: string, name: string, namespace = 'default'): void {
    const key = `${prefixes[kind]}/${namespace}/${name}`;
    const previous = this.#at(kind, namespace, name);
    if (previous === undefined) return;
    const entry = { ...previous, revision: ++this.#revision };
    this.view.ingest([{ type: 'delete', key, entry, previous }] as never);
  }

  /** Scales what is called as it. */
  autoscaler(name: string, kind = 'ReplicationController', namespace = 'default'): void {
    const scaleTargetRef = { apiVersion: apiVersions[kind] ?? 'v1', kind, name };
    this.put('HorizontalPodAutoscaler', `${name}-${kind.toLowerCase()}`, { spec: { scaleTargetRef, maxReplicas: 5 } }, namespace);
  }

  #at(kind: string, namespace: string, name: string): object | undefined {
    const value = this.view.byUid(`${kind}/${namespace}/${name}`);
    return value && { key: `${prefixes[kind]}/${namespace}/${name}`, value, revision: 1, createRevision: 1 };
  }
}

const pods = (view: View, namespace: string) => view.list(podKind, { namespace });
const autoscalers = (view: View, namespace: string) => view.list(horizontalPodAutoscalerKind, { namespace });

test('the autoscalers whose targets select a Pod are those that a comparison with each finds, whatever changes', () => {
  const random = new SeededRandom(7);
  const below = (n: number): number => Math.floor(random.next() * n);
  const pick = <T>(of: readonly T[]): T => of[below(of.length)]!;
  const it = new Picture();
  const rivals = new Rivals(kinds);
  const selectors: readonly object[] = [
    { matchLabels: { app: 'a' } },
    { matchLabels: { app: 'b', tier: 'x' } },
    { matchExpressions: [{ key: 'tier', operator: 'In', values: ['x'] }] },
    { matchExpressions: [{ key: 'tier', operator: 'In', values: ['x', 'y'] }] },
    { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
  ];
  let found = 0;
  for (let step = 0; step < 600; step++) {
    const namespace = pick(['default', 'other']);
    const name = `n${below(4)}`;
    const kind = pick(['Deployment', 'ReplicationController']);
    const verb = below(8);
    if (verb === 0) it.delete(kind, name, namespace);
    else if (verb === 1) it.delete('HorizontalPodAutoscaler', `${name}-${kind.toLowerCase()}`, namespace);
    else if (verb < 4) it.autoscaler(name, kind, namespace);
    else if (verb < 6)
      it.put('Pod', `p${below(4)}`, { labels: pick([{ app: 'a' }, { app: 'b', tier: 'x' }, { tier: 'y' }, {}]) }, namespace);
    else if (kind === 'Deployment') it.put(kind, name, { spec: { selector: pick(selectors) } }, namespace);
    else it.put(kind, name, { spec: { selector: pick([{ app: 'a' }, { tier: 'y', app: 'b' }, {}]) } }, namespace);
    for (const one of autoscalers(it.view, namespace)) {
      const mine = pods(it.view, namespace).slice(0, 2);
      const naive = autoscalers(it.view, namespace).filter((other) => {
        const target = other.metadata.uid === one.metadata.uid ? '' : targetOf(it.view, kinds, other);
        return typeof target !== 'string' && mine.some(({ metadata }) => target.matcher?.matches(metadata.labels) === true);
      });
      const names = (of: readonly { readonly metadata: { readonly name: string } }[]) => of.map(({ metadata }) => metadata.name).sort();
      expect(names(rivals.of(it.view, one, mine))).toEqual(names(naive));
      found += naive.length;
    }
  }
  expect(found).toBeGreaterThan(100);
});

test('what an autoscaler looks at does not grow with the number of the others', () => {
  const looks = (others: number): number => {
    const it = new Picture();
    for (let i = 0; i < others; i++) {
      it.put('ReplicationController', `n${i}`, { spec: { selector: { app: `n${i}` } } });
      it.put('Pod', `n${i}`, { labels: { app: `n${i}` } });
      it.autoscaler(`n${i}`);
    }
    let objects = 0;
    const counted = (method: 'get' | 'list' | 'indexed') =>
      ((...args: readonly never[]) => {
        const result: unknown = Reflect.apply(it.view[method], it.view, args);
        objects += Array.isArray(result) ? result.length : 1;
        return result;
      }) as never;
    const view: ViewReader = Object.assign(Object.create(it.view) as ViewReader, {
      get: counted('get'),
      list: counted('list'),
      indexed: counted('indexed'),
      countIndexed: it.view.countIndexed.bind(it.view),
    });
    const [one] = autoscalers(it.view, 'default');
    expect(new Rivals(kinds).of(view, one!, pods(it.view, 'default').slice(0, 1))).toEqual([]);
    return objects;
  };
  expect(looks(500)).toBe(looks(5));
  expect(looks(5)).toBeGreaterThan(0);
});
