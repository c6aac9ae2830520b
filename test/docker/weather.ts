import type { PodStatus } from 'coxswain/models';
import { SystemClock } from '../../src/env/system-clock.ts';
import type { SeededRandom } from '../../src/env/seeded-random.ts';
import { hasStatus } from '../../src/runtimes/docker/engine-answered.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import type { Fault, FaultProxy } from './fault-proxy.ts';
import type { OwnDockerd } from './own-dockerd.ts';

/** What a kind of weather may do. */
export interface Sky {
  readonly proxy: FaultProxy;
  /** The engine itself, around the proxy. */
  readonly engine: Engine;
  /** The engine's daemon, where it is the test's own. */
  readonly dockerd: OwnDockerd | undefined;
  /** The engine's ids of the pod's containers that run: all, or those in a role. */
  running(role?: 'sandbox' | 'container'): Promise<readonly string[]>;
}

export interface Weather {
  readonly name: string;
  /** Before a pod is made. */
  readonly before?: (sky: Sky) => void;
  /** While it runs. */
  readonly during?: (sky: Sky) => Promise<void>;
  /** What has to hold once the pod runs again, besides that it does. */
  readonly holds?: (before: PodStatus, now: PodStatus) => boolean;
  /** At the end, also of a run that failed. */
  readonly clear?: (sky: Sky) => Promise<void>;
}

/** So many of them by chance; each once first, if there are enough runs. */
export const drawWeather = (from: readonly Weather[], runs: number, random: SeededRandom): readonly Weather[] =>
  Array.from({ length: runs }, (_none, n) => (runs >= from.length && n < from.length ? from[n]! : from[random.integer(from.length)]!));

const faults =
  (...list: readonly Fault[]) =>
  ({ proxy }: Sky): void =>
    proxy.add(...list);
const create = /^POST \S*\/containers\/create/;
const start = /^POST \S*\/containers\/\w+\/start/;
const list = /^GET \S*\/containers\/json/;
const inspect = /^GET \S*\/containers\/\w+\/json/;
const kill = /^POST \S*\/containers\/\w+\/kill/;
const remove = /^DELETE \S*\/containers\//;
const image = /^GET \S*\/images\//;
const post = async ({ engine }: Sky, id: string, what: string, query: Readonly<Record<string, string>> = {}): Promise<void> => {
  try {
    await engine.json(what, { method: 'POST', path: `/containers/${id}/${what}`, query });
  } catch (error) {
    // A container whose sandbox went first: that is weather too.
    if (!hasStatus(error, 404, 409, 500)) throw error;
  }
};
const eachRunning =
  (work: (sky: Sky, id: string) => Promise<void>) =>
  async (sky: Sky): Promise<void> => {
    await Promise.all((await sky.running()).map((id) => work(sky, id)));
  };

const runsOf = (status: PodStatus): readonly string[] =>
  (status.containerStatuses ?? []).map(({ containerID, restartCount }) => `${containerID} ${restartCount}`);
/** Every container was made anew. */
export const restarted = (before: PodStatus, now: PodStatus): boolean => !runsOf(now).some((run) => runsOf(before).includes(run));
/** Every container goes on as it was. */
export const untouched = (before: PodStatus, now: PodStatus): boolean => runsOf(now).join() === runsOf(before).join();

/** Everything that goes wrong between a node and its engine, and on the engine behind the node's back. */
export const weathers: readonly Weather[] = [
  { name: 'a create hangs', before: faults({ match: create, kind: 'hang', times: 1 }) },
  { name: 'a create is reset', before: faults({ match: create, kind: 'reset', times: 2 }) },
  { name: 'the answer to a create is lost', before: faults({ match: create, kind: 'lost', times: 1 }) },
  { name: 'a create answers 500', before: faults({ match: create, kind: 500, times: 2 }) },
  { name: 'a create answers 409', before: faults({ match: create, kind: 409, times: 1 }) },
  { name: 'a create answers 503', before: faults({ match: create, kind: 503, times: 3 }) },
  { name: 'a start hangs', before: faults({ match: start, kind: 'hang', times: 1 }) },
  { name: 'a start is reset', before: faults({ match: start, kind: 'reset', times: 2 }) },
  { name: 'the answer to a start is lost', before: faults({ match: start, kind: 'lost', times: 1 }) },
  { name: 'a start answers 500', before: faults({ match: start, kind: 500, times: 2 }) },
  { name: 'lists hang', before: faults({ match: list, kind: 'hang', times: 2 }) },
  { name: 'lists are cut', before: faults({ match: list, kind: 'cut', times: 3 }) },
  { name: 'inspections are reset', before: faults({ match: inspect, kind: 'reset', times: 3 }) },
  { name: 'inspections answer 500', before: faults({ match: inspect, kind: 500, times: 3 }) },
  { name: 'image inspections are reset', before: faults({ match: image, kind: 'reset', times: 2 }) },
  { name: 'a kill hangs', before: faults({ match: kill, kind: 'hang', times: 1 }) },
  { name: 'the answer to a kill is lost', before: faults({ match: kill, kind: 'lost', times: 1 }) },
  { name: 'kills are said to be needless', before: faults({ match: kill, kind: 409, times: 4 }) },
  { name: 'a remove is reset', before: faults({ match: remove, kind: 'reset', times: 2 }) },
  { name: 'the answer to a remove is lost', before: faults({ match: remove, kind: 'lost', times: 1 }) },
  { name: 'a remove answers 409', before: faults({ match: remove, kind: 409, times: 1 }) },
  { name: 'everything is slow', before: faults({ match: /./, kind: 'slow', times: 12 }) },
  {
    name: 'events are cut, again and again',
    before: faults({ match: /\/events\?/, kind: 'cut', times: 3 }),
    during: async ({ proxy }) => proxy.cutAll(),
  },
  { name: 'every connection is cut', during: async ({ proxy }) => proxy.cutAll() },
  {
    name: 'the engine freezes for two seconds',
    during: async ({ proxy }) => {
      proxy.frozen = true;
      // What is tested is that time passes without an answer.
      await new SystemClock().sleep(2000);
      proxy.frozen = false;
      proxy.cutAll();
    },
  },
  { name: 'containers are killed behind our back', during: eachRunning((sky, id) => post(sky, id, 'kill')), holds: restarted },
  {
    name: 'sandboxes are killed behind our back, and what is in them goes on',
    during: async (sky) => {
      await Promise.all((await sky.running('sandbox')).map((id) => post(sky, id, 'kill')));
    },
    holds: (before, now) => before.containerStatuses?.length === 1 || restarted(before, now),
  },
  {
    name: 'containers are removed behind our back',
    during: eachRunning(async ({ engine }, id) =>
      engine.json('remove', { method: 'DELETE', path: `/containers/${id}`, query: { force: true } }),
    ),
    holds: restarted,
  },
  { name: 'containers are renamed', during: eachRunning((sky, id) => post(sky, id, 'rename', { name: `renamed-${id.slice(0, 12)}` })) },
  { name: 'containers are paused', during: eachRunning((sky, id) => post(sky, id, 'pause')) },
  { name: 'containers are restarted', during: eachRunning((sky, id) => post(sky, id, 'restart', { t: '0' })) },
];
