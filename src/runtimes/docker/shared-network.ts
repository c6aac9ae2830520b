import type { RuntimeCondition } from '../runtime.ts';
import type { InspectedContainer } from './engine-answers.ts';

/** A second network, which pods of several engines share: theirs is the pods' address. Their sandboxes join it before they start. */
export interface SharedNetwork {
  readonly name: string;
  /** What the node's status says about it; changes while the node is open. */
  readonly condition: Omit<RuntimeCondition, 'type'>;
  /** Before the sandbox's container starts; a repeat has no effect. */
  join(engineId: string, sandboxId: string, signal: AbortSignal): Promise<void>;
  /** The address in it of a sandbox's container, which is the sandbox's from now on; undefined until it has started, and if it is not in it. */
  addressOf(sandboxId: string, inspected: InspectedContainer): string | undefined;
  /** The sandbox has gone: its address is free. */
  release(sandboxId: string): void;
}
