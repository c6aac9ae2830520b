import { expect, test } from 'vitest';
import type { ViewChange } from '../../src/api/view.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { ParticipantGroup } from '../../src/loop/participant-group.ts';
import type { Follow, Participant } from '../../src/loop/participant.ts';

/** A node's participant that notes what it is told and how often it is stepped. */
class Listener implements Participant {
  readonly name: string;
  readonly nodeName: string;
  readonly told: string[] = [];
  steps = 0;
  follow: Follow = () => undefined;

  constructor(nodeName: string) {
    this.name = nodeName;
    this.nodeName = nodeName;
  }

  start(_wake: () => void, follow: Follow = () => undefined): void {
    this.follow = follow;
  }

  onChanges(changes: Parameters<Participant['onChanges']>[0]): void {
    for (const { object } of changes) this.told.push(object.metadata.name);
  }

  step(): ReturnType<Participant['step']> {
    this.steps++;
    return { inFlight: 0, wakeAt: undefined, progressed: false };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const change = (kind: ViewChange['kind'], name: string, spec: object = {}): ViewChange => {
  const metadata = { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' };
  return { kind, type: 'added', previous: undefined, object: { apiVersion: 'v1', kind: kind.kind, metadata, spec } };
};

test('a ConfigMap steps the nodes whose pods refer to it, and no other', async () => {
  const group = new ParticipantGroup(
    () => undefined,
    () => [],
    () => undefined,
  );
  const [a, b] = [new Listener('a'), new Listener('b')];
  group.add(a);
  group.add(b);
  const step = () => group.step(0, async () => undefined);
  await step();
  expect([a.steps, b.steps]).toEqual([1, 1]);

  a.follow('ConfigMap/default/one', true);
  group.onChanges([change(configMapKind, 'one'), change(configMapKind, 'two'), change(podKind, 'p', { nodeName: 'b' })]);
  await step();
  expect([a.told, b.told]).toEqual([['one'], ['p']]);

  group.onChanges([change(configMapKind, 'two')]);
  await step();
  expect([a.steps, b.steps]).toEqual([2, 2]);

  a.follow('ConfigMap/default/one', false);
  b.follow('ConfigMap/default/one', true);
  await group.remove(b);
  group.onChanges([change(configMapKind, 'one')]);
  await step();
  expect([a.steps, b.steps]).toEqual([2, 2]);
});
