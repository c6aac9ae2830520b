import type { Client } from '../../api/client.ts';
import type { PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { formatTime } from '../../api/time.ts';
import { podKind } from '../../kinds/pod.ts';
import type { ControllerScenario } from './controller-scenario.ts';

type Pod = Stored<PodManifest>;

/** What scheduler and kubelets would do, in a word: Pods are bound, run, and go when they are told to. */
export class PodWorld {
  readonly #client: () => Client;
  /** How Pods live from now on. */
  manner: NonNullable<ControllerScenario['pods']>;
  /** Names of Pods that the steps of the scenario keep for themselves: nothing happens to them by itself. */
  readonly held = new Set<string>();

  constructor(client: () => Client, manner: ControllerScenario['pods'] = 'run') {
    this.#client = client;
    this.manner = manner;
  }

  pods(): readonly Pod[] {
    return this.#client().list(podKind);
  }

  /** Does what is to be done to the Pods; true if there was anything. */
  async act(): Promise<boolean> {
    if (this.manner === 'rest') return false;
    let acted = false;
    // In the order of their names: when a Pod was made is no matter of the world's.
    for (const pod of [...this.pods()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      if (this.held.has(pod.metadata.name) || !(await this.#live(pod))) continue;
      acted = true;
      if (this.manner === 'one-by-one') return true;
    }
    return acted;
  }

  /** Sets the status of a Pod as a kubelet would. */
  async report(pod: Pod, phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed', ready: boolean): Promise<void> {
    const at = formatTime(this.#client().now());
    const condition = (type: string, holds: boolean): object => ({ type, status: holds ? 'True' : 'False', lastTransitionTime: at });
    const conditions = [condition('Initialized', true), condition('ContainersReady', ready), condition('Ready', ready)];
    const status = { ...pod.status, phase, conditions, podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], startTime: at };
    await this.#client().updateStatus(podKind, { ...pod, status } as PodManifest);
  }

  /** A Pod that is told to go, or that nobody waits for, is gone at once. */
  async remove(pod: Pod): Promise<void> {
    const { namespace, name } = pod.metadata;
    await this.#client().delete(podKind, { namespace, name }, { gracePeriodSeconds: 0 });
  }

  async #live(pod: Pod): Promise<boolean> {
    const { phase = 'Pending' } = pod.status ?? {};
    if (pod.metadata.deletionTimestamp !== undefined) {
      if ((pod.metadata.finalizers ?? []).length > 0) return false;
      await this.remove(pod);
      return true;
    }
    if (phase === 'Pending') {
      await this.report(pod, 'Running', true);
      return true;
    }
    if (phase !== 'Running' || this.manner !== 'finish') return false;
    await this.report(pod, 'Succeeded', false);
    return true;
  }
}
