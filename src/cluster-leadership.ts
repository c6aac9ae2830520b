import { hostname } from 'node:os';
import type { LeaseManifest } from './api/generated/models.ts';
import type { Stored } from './api/object.ts';
import type { Registry } from './api/registry.ts';
import { newUid } from './api/uid.ts';
import type { View, ViewChange } from './api/view.ts';
import type { ViewFeed } from './api/view-feed.ts';
import type { PlannedEvent } from './controllers/controller.ts';
import type { Clock } from './env/clock.ts';
import type { Logger } from './env/logger.ts';
import type { Random } from './env/random.ts';
import { SeededRandom } from './env/seeded-random.ts';
import { systemSeed } from './env/system-secure-random.ts';
import { ConfigurationError } from './errors.ts';
import { leaseKind } from './kinds/lease.ts';
import { LeaderElection, type ElectionTimes } from './loop/leader-election.ts';
import type { Fence, Store } from './stores/store.ts';

/** How one of several control planes takes part. Everything has a default; all of one cluster should have the same times. */
export interface HighAvailabilityOptions {
  /** This control plane among the others: two must never have the same. Host name and a random part unless given. */
  readonly identity?: string;
  /** False: this process never leads. Its nodes, its API and its view work as everywhere. */
  readonly candidate?: boolean;
  /**
   * How long a leader that has fallen silent is waited for, in milliseconds, a whole number of seconds: another acts at most so long
   * after its end, and the moment it takes to take over. 12,000 unless given, so that this is less than 15 s.
   */
  readonly leaseDurationMs?: number;
  /** How long the leader goes on without having renewed, in milliseconds. Two thirds of the lease unless given, as in Kubernetes. */
  readonly renewDeadlineMs?: number;
  /** How often it renews, in milliseconds. A sixth of the lease unless given. */
  readonly retryPeriodMs?: number;
}

export interface ClusterLeadershipParts {
  readonly options: HighAvailabilityOptions | 'none' | undefined;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly view: View;
  readonly registry: () => Registry;
  readonly feed: () => ViewFeed;
  /** Whether this process leads has changed. */
  readonly onTurn: (term: number | undefined) => void;
  /** Another leads, by the Lease; undefined: nobody. */
  readonly onLeader: (identity: string | undefined) => void;
}

/** The Lease that says who leads, beside those of Kubernetes' own components. */
export const leaderLease = { namespace: 'kube-system', name: 'coxswain-control-plane' } as const;
/** What Kubernetes' components say when the lead changes hands. */
export function leaderEvent(identity: string, leads: boolean): PlannedEvent {
  const regarding = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...leaderLease };
  return { regarding, type: 'Normal', reason: 'LeaderElection', message: `${identity} ${leads ? 'became leader' : 'stopped leading'}` };
}

const termKey = 'leadership/term';

/** Which control plane acts: this one, always, where nobody else can write to the store; else the one that is elected. */
export class ClusterLeadership {
  readonly identity: string | undefined;
  readonly leaseDurationMs: number;
  readonly #parts: ClusterLeadershipParts;
  readonly #times: ElectionTimes;
  readonly #candidate: boolean;
  #election: LeaderElection | undefined;
  #leader: string | undefined;

  /** @throws ConfigurationError for times that cannot work together, and for an election among one. */
  constructor(parts: ClusterLeadershipParts) {
    this.#parts = parts;
    const { options, store } = parts;
    if (options !== undefined && options !== 'none' && !store.shared)
      throw new ConfigurationError(
        `highAvailability: the store ${store.name} belongs to one process; several control planes need one that is shared, such as EtcdStore`,
      );
    const given = options === 'none' || options === undefined ? {} : options;
    this.#times = timesOf(given);
    this.#candidate = given.candidate ?? true;
    this.leaseDurationMs = this.#times.leaseDurationMs;
    // Two processes may have been given the same seed: names of candidates must differ all the same.
    if (store.shared && options !== 'none') this.identity = given.identity ?? `${hostname()}_${newUid(new SeededRandom(systemSeed()))}`;
  }

  /** Who leads, by the Lease as this process sees it; undefined: nobody, or there is no election. */
  get leader(): string | undefined {
    return this.#leader;
  }

  /** True if controllers and scheduler of this process act. */
  get leading(): boolean {
    return this.identity === undefined || this.#election?.term !== undefined;
  }

  /** The revision at which this process's term began; undefined while it does not lead, or if there is no election. */
  get term(): number | undefined {
    return this.#election?.term;
  }

  /** Asked at the start of each pass. */
  leads(): boolean {
    if (this.identity === undefined) return true;
    return this.#election !== undefined && this.#parts.feed().following && this.#election.leads();
  }

  fence(): Fence | undefined {
    if (this.identity === undefined) return undefined;
    return this.#election?.fence() ?? { key: termKey, revision: -1 };
  }

  fenced(fence: Fence): void {
    this.#election?.fenced(fence);
  }

  /** Takes part in the election, once there is a namespace for the Lease; whoever comes alone leads when this resolves. */
  async start(): Promise<void> {
    if (this.identity === undefined) return;
    const { store, clock, logger, view, random } = this.#parts;
    this.#election = new LeaderElection({
      registry: this.#parts.registry(),
      store,
      kind: leaseKind,
      lease: leaderLease,
      termKey,
      identity: this.identity,
      candidate: this.#candidate,
      times: this.#times,
      clock,
      random,
      logger,
      caughtUp: (revision) => this.#parts.feed().caughtUp(revision),
      onChange: () => this.#parts.onTurn(this.#election?.term),
    });
    this.#saw(view.get(leaseKind, leaderLease.namespace, leaderLease.name));
    await this.#election.start();
  }

  /** A change of the view. */
  seen({ kind, type, object }: ViewChange): void {
    if (kind.kind !== 'Lease' || object.metadata.name !== leaderLease.name || object.metadata.namespace !== leaderLease.namespace) return;
    this.#saw(type === 'deleted' ? undefined : (object as Stored<LeaseManifest>));
  }

  /** Gives the lead back. */
  async close(): Promise<void> {
    await this.#election?.close();
  }

  #saw(lease: Stored<LeaseManifest> | undefined): void {
    if (this.identity === undefined) return;
    this.#election?.seen(lease);
    const holder = lease?.spec?.holderIdentity ?? '';
    const leader = holder === '' ? undefined : holder;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#parts.onLeader(leader);
  }
}

function timesOf(options: HighAvailabilityOptions): ElectionTimes {
  const leaseDurationMs = options.leaseDurationMs ?? 12_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? Math.round((leaseDurationMs * 2) / 3);
  const retryPeriodMs = options.retryPeriodMs ?? Math.round(leaseDurationMs / 6);
  const refuse = (field: string, expected: string, found: number): never => {
    throw new ConfigurationError(`highAvailability.${field}: expected ${expected}, got ${found}`);
  };
  if (!(leaseDurationMs >= 1000) || leaseDurationMs % 1000 !== 0)
    refuse('leaseDurationMs', 'a whole number of seconds (a Lease counts in seconds), at least 1000', leaseDurationMs);
  if (!(renewDeadlineMs > 0 && renewDeadlineMs < leaseDurationMs))
    refuse('renewDeadlineMs', `more than 0 and less than leaseDurationMs (${leaseDurationMs})`, renewDeadlineMs);
  if (!(retryPeriodMs > 0 && retryPeriodMs < renewDeadlineMs))
    refuse('retryPeriodMs', `more than 0 and less than renewDeadlineMs (${renewDeadlineMs})`, retryPeriodMs);
  return { leaseDurationMs, renewDeadlineMs, retryPeriodMs };
}
