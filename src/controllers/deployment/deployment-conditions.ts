import type { DeploymentCondition } from '../../api/generated/models.ts';
import { formatTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';

/** The conditions of a Deployment, edited: the same status and reason changes nothing, the same status keeps its time. */
export class DeploymentConditions {
  #list: readonly DeploymentCondition[];
  readonly #now: string;

  constructor(list: readonly DeploymentCondition[], now: Instant) {
    this.#list = list;
    this.#now = formatTime(now);
  }

  get list(): readonly DeploymentCondition[] {
    return this.#list;
  }

  get(type: string): DeploymentCondition | undefined {
    return this.#list.find((condition) => condition.type === type);
  }

  set(type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string): void {
    const known = this.get(type);
    if (known?.status === status && known.reason === reason) return;
    this.#put({ type, status, reason, message, lastUpdateTime: this.#now, lastTransitionTime: this.#since(known, status) });
  }

  /** Says it again: progress was made just now. */
  renew(type: string, status: 'True', reason: string, message: string): void {
    const known = this.get(type);
    this.#put({ type, status, reason, message, lastUpdateTime: this.#now, lastTransitionTime: this.#since(known, status) });
  }

  remove(type: string): void {
    if (this.get(type) !== undefined) this.#list = this.#list.filter((condition) => condition.type !== type);
  }

  #since(known: DeploymentCondition | undefined, status: string): string {
    return known?.status === status ? (known.lastTransitionTime ?? this.#now) : this.#now;
  }

  #put(condition: DeploymentCondition): void {
    this.#list = [...this.#list.filter(({ type }) => type !== condition.type), condition];
  }
}
