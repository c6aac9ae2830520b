import { join } from 'node:path';
import { Sandbox } from '../sandbox-book.ts';
import type { DockerContainer } from './docker-container.ts';
import type { PodVolumes } from './local-volumes.ts';
import type { PodPlan } from './pod-plan.ts';

/** A pod on an engine. */
export class DockerPod extends Sandbox<DockerContainer> {
  readonly plan: PodPlan;
  /** Where its files are on this machine. */
  readonly folder: string;
  readonly volumes: PodVolumes;
  /** The engine's id of the container that keeps its namespaces; undefined if there is none, or not yet. */
  sandboxEngineId: string | undefined;
  /** The observation after which its container may have ended, whatever the engine's list says. */
  sandboxDoubtedAt = 0;
  /** The observation its container was last looked at closely in. */
  sandboxInspected = 0;
  /** One that was made, and never started: known only for its removal. */
  unstartedSandbox: string | undefined;
  /** The observation the sandbox's container was last seen in. */
  sandboxSeen = 0;
  /** What leads to its ports from outside of the engine's network, by `8080/tcp`. */
  published: Readonly<Record<string, number>> = {};

  constructor(plan: PodPlan, ip: string, folder: string, volumes: PodVolumes) {
    super(plan, plan.attempt, plan.createdAtMs, [ip]);
    this.plan = plan;
    this.folder = folder;
    this.volumes = volumes;
  }

  containerFolder(name: string, attempt: number): string {
    return join(this.folder, 'containers', `${name}.${attempt}`);
  }
}
