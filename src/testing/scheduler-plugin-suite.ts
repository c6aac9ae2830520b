import assert from 'node:assert/strict';
import type { PodManifest } from '../api/generated/models.ts';
import { FilterRun } from '../scheduler/filter-run.ts';
import type { NodeInfo } from '../scheduler/node-info.ts';
import type { ClusterEvent } from '../scheduler/plugin.ts';
import type { PodInfo } from '../scheduler/pod-info.ts';
import { SchedulerPluginWorld, type PluginFixture } from './scheduler-plugin-world.ts';

/** One thing every scheduler plugin must do. `run` throws an AssertionError if this one does not. */
export interface SchedulerPluginCase {
  readonly name: string;
  readonly run: (fixture: PluginFixture) => void;
}

const seeds = Array.from({ length: 12 }, (_, i) => i + 1);
const steps = 25;

/** The same check in many worlds. */
function inManyWorlds(name: string, check: (world: SchedulerPluginWorld) => void): SchedulerPluginCase {
  return {
    name,
    run: (fixture) => {
      for (const seed of seeds) {
        const world = new SchedulerPluginWorld(fixture, seed);
        world.live(steps);
        check(world);
      }
    },
  };
}

function eachAnswer(world: SchedulerPluginWorld, pod: PodInfo): unknown {
  return { refusals: Object.fromEntries(world.refusals(pod)), scores: world.scores(pod), gate: world.plugin.preEnqueue?.(pod) };
}

function points(fixture: PluginFixture): void {
  const { name, filter, filterAll, preFilter, score, scoreAll, normalizeScore, preScore, ...others } = fixture.plugin();
  assert.match(name, /\S/, 'name: expected something to call the plugin by');
  if (filterAll !== undefined) assert.ok(filter !== undefined, 'filterAll needs filter, which explains');
  if (scoreAll !== undefined || normalizeScore !== undefined || preScore !== undefined)
    assert.ok(score !== undefined, 'scoreAll, normalizeScore and preScore need score');
  const used =
    [filter, preFilter, score].some((point) => point !== undefined) || Object.values(others).some((point) => typeof point === 'function');
  assert.ok(used, 'expected at least one extension point');
}

function refusalsSayWhy(world: SchedulerPluginWorld): void {
  for (const pod of world.samples()) {
    for (const [node, refusal] of world.refusals(pod)) {
      assert.equal(refusal.plugin, world.plugin.name, `the refusal of ${node} names the plugin`);
      assert.ok(refusal.reasons.length > 0 && refusal.reasons.every((reason) => reason.trim() !== ''), `the refusal of ${node} says why`);
      assert.equal(typeof refusal.resolvable, 'boolean', `the refusal of ${node} says whether evictions may help`);
    }
    const gate = world.plugin.preEnqueue?.(pod);
    if (gate !== undefined) assert.match(gate, /\S/, 'preEnqueue says why the pod has to wait');
  }
}

function answersRepeat(world: SchedulerPluginWorld): void {
  for (const pod of world.samples())
    assert.deepEqual(eachAnswer(world, pod), eachAnswer(world, pod), 'the same question has the same answer');
}

function scoresAreInRange(world: SchedulerPluginWorld): void {
  for (const pod of world.samples()) {
    for (const score of world.scores(pod) ?? [])
      assert.ok(Number.isInteger(score) && score >= 0 && score <= 100, `expected a whole number from 0 to 100, got ${score}`);
  }
}

function filtersAgree(world: SchedulerPluginWorld): void {
  if (world.plugin.filterAll === undefined) return;
  for (const pod of world.samples()) {
    const run = new FilterRun([world.plugin], pod, world.cache);
    if (run.refusalOfAll !== undefined || run.names !== undefined) continue;
    const indexes = Int32Array.from(world.nodes, ({ index }) => index);
    const kept = [...indexes.subarray(0, run.keep(indexes, indexes.length))];
    const expected = world.nodes.filter((node) => run.refusal(node) === undefined).map(({ index }) => index);
    assert.deepEqual(kept, expected, 'filterAll keeps, in their order, the nodes that filter does not refuse');
  }
}

function fewWordsAgree(world: SchedulerPluginWorld): void {
  for (const pod of world.samples()) {
    const run = new FilterRun([world.plugin], pod, world.cache);
    for (const { refusal } of run.sparse ?? []) {
      for (const node of world.nodes) {
        const told = refusal((classes) => classes.classOf(node.index));
        assert.deepEqual(told, run.refusal(node), `sparse says of ${node.name} what filter says`);
      }
    }
  }
}

function scoresAgree(world: SchedulerPluginWorld): void {
  if (world.plugin.scoreAll === undefined) return;
  for (const pod of world.samples())
    assert.deepEqual(world.scores(pod, world.nodes, true), world.scores(pod), 'scoreAll gives what score gives');
}

/** What is kept for a node is kept until that node changes: nothing else may change the answer about it. */
function readsAreHonest(world: SchedulerPluginWorld): void {
  const { plugin } = world;
  const scope = { filter: plugin.filterReads ?? 'cluster', score: plugin.scoreReads ?? 'cluster' };
  if (scope.filter === 'cluster' && (scope.score === 'cluster' || plugin.normalizeScore !== undefined)) return;
  for (const pod of world.samples()) {
    const [kept] = world.nodes;
    const answer = (asked: PodInfo): unknown => keptAnswers(world, asked, kept!, scope);
    const before = answer(pod);
    assert.deepEqual(
      answer(world.pod(otherwiseNamed(pod))),
      before,
      'the answer depends on the pod by its shape alone (pod.shape), not by its name, labels or affinities',
    );
    for (let i = 0; i < 5; i++) {
      const others = world.nodes.filter((node) => node !== kept);
      world.cache.addPod(world.randomPod(), others[world.random.integer(others.length)]!.name);
      world.relabel(others[world.random.integer(others.length)]!);
      assert.deepEqual(answer(pod), before, 'what happens on other nodes does not change the answer about this one');
    }
    if (scope.filter !== 'node' && scope.score !== 'node') {
      world.cache.addPod(world.randomPod(), kept!.name);
      assert.deepEqual(answer(pod), before, 'pods that come to the node do not change what depends on its Node object alone');
    }
  }
}

function keptAnswers(
  world: SchedulerPluginWorld,
  pod: PodInfo,
  node: NodeInfo,
  scope: { readonly filter: string; readonly score: string },
): unknown {
  const refusal = scope.filter === 'cluster' ? undefined : world.refusals(pod).get(node.name);
  const score = scope.score === 'cluster' || world.plugin.normalizeScore !== undefined ? undefined : world.scores(pod, [node]);
  return { refusal, score };
}

/** The same shape in another pod. */
function otherwiseNamed({ object }: PodInfo): PodManifest {
  const { affinity, topologySpreadConstraints: _spread, ...spec } = object.spec!;
  const nodeAffinity = affinity?.nodeAffinity === undefined ? {} : { affinity: { nodeAffinity: affinity.nodeAffinity } };
  return { metadata: { namespace: 'elsewhere', labels: { app: 'another' } }, spec: { ...spec, ...nodeAffinity } };
}

/** A pod that was refused and would be accepted after an event must be woken by it, or it waits for minutes. */
function hintsMissNothing(world: SchedulerPluginWorld): void {
  const { plugin, cache } = world;
  if (plugin.isSchedulableAfter === undefined) return;
  for (let i = 0; i < 10; i++) {
    const pods = world.samples();
    const before = pods.map((pod) => new Set(world.refusals(pod).keys()));
    const event = somethingHappens(world);
    for (const [at, pod] of pods.entries()) {
      const after = world.refusals(pod);
      const helped = world.nodes.find(({ name }) => before[at]!.has(name) && !after.has(name));
      if (helped === undefined) continue;
      assert.ok(
        plugin.isSchedulableAfter(event, pod, cache),
        `a pod that ${helped.name} was refused to fits there after ${event.type}, and is not woken`,
      );
    }
  }
}

function somethingHappens(world: SchedulerPluginWorld): ClusterEvent {
  const { cache, random } = world;
  const occupied = world.nodes.filter(({ pods }) => pods.size > 0);
  const dice = random.integer(3);
  if (dice === 0 && occupied.length > 0) {
    const node = occupied[random.integer(occupied.length)]!;
    const pod = [...node.pods.values()][random.integer(node.pods.size)]!;
    cache.removePod(pod.uid);
    return { type: 'pod-removed', pod, node };
  }
  if (dice === 1) {
    const pod = world.randomPod();
    const node = cache.addPod(pod, world.randomNode().name);
    return { type: 'pod-added', pod, node };
  }
  const previous = world.randomNode().object!;
  const node = world.relabel(cache.node(previous.metadata.name)!);
  return { type: 'node-updated', node, change: { type: 'modified', object: node.object!, previous } };
}

/** What Reserve took, Unreserve gives back; and who makes a plugin twice has two that know nothing of each other. */
function reservesAreUndone(world: SchedulerPluginWorld): void {
  const { plugin, cache } = world;
  const waiting = { [Symbol.iterator]: () => [][Symbol.iterator](), allow: () => undefined, reject: () => false };
  for (const pod of world.samples()) {
    const before = eachAnswer(world, pod);
    const node = world.randomNode();
    cache.addPod(pod, node.name);
    plugin.reserve?.(pod, node, { cache, waiting });
    plugin.unreserve?.(pod, node, { cache, waiting });
    cache.removePod(pod.uid);
    assert.deepEqual(eachAnswer(world, pod), before, 'after Unreserve everything is as before Reserve');
  }
}

const separateInstances: SchedulerPluginCase = {
  name: 'instances: two of them share nothing',
  run: (fixture) => {
    const [used, fresh] = [new SchedulerPluginWorld(fixture, 1), new SchedulerPluginWorld(fixture, 1)];
    const waiting = { [Symbol.iterator]: () => [][Symbol.iterator](), allow: () => undefined, reject: () => false };
    const before = fresh.samples().map((pod) => eachAnswer(fresh, pod));
    for (const pod of used.samples()) {
      const node = used.randomNode();
      used.cache.addPod(pod, node.name);
      used.plugin.reserve?.(pod, node, { cache: used.cache, waiting });
      eachAnswer(used, pod);
    }
    assert.deepEqual(
      fresh.samples().map((pod) => eachAnswer(fresh, pod)),
      before,
      'what one instance was asked and told changes nothing for another',
    );
  },
};

/**
 * What every scheduler plugin must do. Bind it to the test runner at hand.
 *
 * @example
 * const sameColour = { name: 'SameColour', filter: () => undefined };
 * test.each(schedulerPluginSuite)('$name', ({ run }) => run({ plugin: () => sameColour }));
 */
export const schedulerPluginSuite: readonly SchedulerPluginCase[] = [
  { name: 'points: a name, at least one extension point, none that lacks its partner', run: points },
  inManyWorlds('refusals: name the plugin and say why', refusalsSayWhy),
  inManyWorlds('answers: the same question has the same answer, and nothing is changed by asking', answersRepeat),
  inManyWorlds('scores: whole numbers from 0 to 100 after NormalizeScore', scoresAreInRange),
  inManyWorlds('filterAll: agrees with filter', filtersAgree),
  inManyWorlds('sparse: agrees with filter', fewWordsAgree),
  inManyWorlds('scoreAll: agrees with score', scoresAgree),
  inManyWorlds('reads: filterReads and scoreReads are true', readsAreHonest),
  inManyWorlds('hints: no event that helps is missed', hintsMissNothing),
  inManyWorlds('reserve: is undone by unreserve', reservesAreUndone),
  separateInstances,
];
