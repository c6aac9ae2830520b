import type { Container } from '../../api/generated/models.ts';
import type { ContainerState, ContainerStatusReport } from '../runtime.ts';
import type { Labels } from './docker-labels.ts';
import { labels } from './docker-labels.ts';

/** A container of ours on an engine, as it was last seen. */
export class DockerContainer {
  readonly id: string;
  /** The engine's own id for it. */
  readonly engineId: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Labels;
  state: ContainerState = { state: 'created' };
  paused = false;
  /** Its start is on its way. */
  starting = false;
  /** Its removal is on its way. */
  removing = false;
  /** The observation after which it is inspected whatever the engine's list says of it. */
  doubtedAt = 0;
  /** Somebody has started it again after its end. */
  revived = false;
  hasTerminal = false;
  hasMemoryLimit = false;
  stopSignal = 'SIGTERM';
  /** The observation in which it was last known to be there: a list that was begun earlier may not have it. */
  there: number;
  /** The inspection its state is from: what was begun earlier knows less. */
  inspected = 0;
  /** When that was, if nothing was heard of it since. */
  knownAtMs = -Infinity;
  /** When its killing is due, once it is being stopped. */
  killAtMs: number | undefined;

  constructor(id: string, engineId: string, sandboxId: string, imageId: string, itsLabels: Labels, there: number) {
    this.id = id;
    this.engineId = engineId;
    this.sandboxId = sandboxId;
    this.imageId = imageId;
    this.labels = itsLabels;
    this.podUid = itsLabels[labels.podUid] ?? '';
    this.name = itsLabels[labels.container] ?? '';
    this.attempt = Number(itsLabels[labels.attempt]);
    this.image = itsLabels[labels.image] ?? '';
    this.there = there;
  }

  get running(): boolean {
    return this.state.state === 'running';
  }

  get ended(): boolean {
    return this.state.state === 'exited';
  }

  /** The ports it declares. */
  get ports(): NonNullable<Container['ports']> {
    try {
      return JSON.parse(this.labels[labels.ports] ?? '[]') as NonNullable<Container['ports']>;
    } catch {
      return [];
    }
  }

  report(): ContainerStatusReport {
    const { id, engineId, sandboxId, name, attempt, image, imageId, state } = this;
    return { id, engineId, sandboxId, name, attempt, image, imageId, state };
  }
}
