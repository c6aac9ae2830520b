import { describe, expect, test } from 'vitest';
import { DockerContainer } from '../../src/runtimes/docker/docker-container.ts';
import { labels } from '../../src/runtimes/docker/docker-labels.ts';
import { isOwnDoing } from '../../src/runtimes/docker/own-doing.ts';

const own = (change: Partial<DockerContainer> = {}): DockerContainer =>
  Object.assign(new DockerContainer('c', 'e', 's', 'i', { [labels.podUid]: 'u' }, 1), change);
const running = own({ state: { state: 'running', startedAtMs: 0 } });
const event = (Action: string, role = 'container'): Parameters<typeof isOwnDoing>[0] => ({
  Action,
  Actor: { ID: 'e', Attributes: { [labels.role]: role } },
});

describe('an event of the engine that only tells what was done from here', () => {
  test.each([
    ['create', own()],
    ['kill', running],
    ['exec_start: sh', running],
    ['start', own({ starting: true })],
    ['start', running],
    ['destroy', own({ removing: true })],
    ['destroy', undefined],
  ])('%s', (action, container) => {
    expect(isOwnDoing(event(action), container)).toBe(true);
  });

  test.each([
    ['die', running],
    ['die', undefined],
    ['oom', running],
    ['pause', running],
    ['rename', running],
    // Somebody else has started it: one that was made and that nobody asked for, or one that has ended.
    ['start', own()],
    ['start', own({ killAtMs: 5 })],
    ['start', undefined],
    ['destroy', running],
  ])('not so: %s', (action, container) => {
    expect(isOwnDoing(event(action), container)).toBe(false);
  });

  test('a sandbox has one life; that it dies and goes is told', () => {
    expect(['create', 'start', 'die', 'destroy'].map((action) => isOwnDoing(event(action, 'sandbox'), undefined))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
