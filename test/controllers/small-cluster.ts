import { Cluster, type ClusterOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated/index.ts';
import type { SimulatedImage } from '../../src/runtimes/simulated/simulated-image.ts';
import { eventKind } from '../../src/kinds/event.ts';

/** A cluster under a manual clock, with one simulated node whose images behave as told. */
export async function smallCluster(images: Readonly<Record<string, SimulatedImage>> = {}, options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: [{ name: 'n1', runtime: new SimulatedRuntime({ images }) }],
    ...options,
  });
  await cluster.settle();
  return cluster;
}

/** Reasons of the Events about an object, in the order in which they were first recorded. */
export const reasonsOf = (cluster: Cluster, name: string): readonly string[] =>
  cluster.view
    .list(eventKind)
    .filter((event) => event.involvedObject.name === name)
    .map((event) => event.reason ?? '');
