import type { Client } from '../../api/client.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Controller } from '../../controllers/controller.ts';
import type { KindIndex } from '../../api/kind-index.ts';
import type { PodWorld } from './pod-world.ts';

/** What a step of a scenario has to work with. Nothing it does itself is disturbed. */
export interface ScenarioHands {
  readonly client: Client;
  readonly view: ViewReader;
  readonly world: PodWorld;
  /** Creates objects, in their order; the namespace is `default` unless they name one. */
  create(...manifests: readonly KubeObject[]): Promise<void>;
  /** A JSON merge patch of one object of `default`: `patch('Deployment', 'web', { spec: { replicas: 3 } })`. */
  patch(kind: string, name: string, patch: object): Promise<void>;
  /** The same through the status subresource. */
  patchStatus(kind: string, name: string, patch: object): Promise<void>;
  /** Deletes one object of `default`, in the background unless told otherwise; Pods at once. */
  delete(kind: string, name: string, propagation?: 'Background' | 'Foreground' | 'Orphan'): Promise<void>;
  /** Lets virtual time pass, in milliseconds; what falls due on the way is disturbed as everything else. */
  advance(ms: number): Promise<void>;
}

/** One thing that happens; afterwards controllers and Pods come to rest before the next. */
export type ScenarioStep = (hands: ScenarioHands) => Promise<void> | void;

/** A story that control loops must bring to the same end whatever goes wrong on the way. */
export interface ControllerScenario {
  /** Area, case and parameters: `deployment: rolling update (3 replicas, maxSurge 1)`. */
  readonly name: string;
  /** Fresh control loops, for each process that the story needs: it is killed and started again. */
  readonly controllers: (kinds: KindIndex) => readonly Controller[];
  readonly steps: readonly ScenarioStep[];
  /**
   * How Pods live. `run`: they become Running and Ready, and are gone when deleted (the default); `one-by-one`: the same, one Pod at a
   * time; `finish`: they succeed after having run; `rest`: nothing happens to them but what the steps do.
   */
  readonly pods?: 'run' | 'one-by-one' | 'finish' | 'rest';
  /**
   * Kinds of which more may be created on a disturbed way than on the calm one, with the reason; of all others one more is a double.
   */
  readonly mayCreateMore?: Readonly<Record<string, string>>;
}
