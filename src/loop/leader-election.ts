import type { Identity } from '../api/client.ts';
import type { LeaseManifest } from '../api/generated/models.ts';
import { objectKey } from '../api/keys.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject, ObjectName, Stored, StoredObject } from '../api/object.ts';
import type { PreparedWrite } from '../api/write-preparation.ts';
import type { Registry } from '../api/registry.ts';
import { formatMicroTime } from '../api/time.ts';
import type { Clock, Instant, Timer } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { Random } from '../env/random.ts';
import { ClosedError } from '../errors.ts';
import type { Fence, Revision, Store } from '../stores/store.ts';

/** Times of the election, in milliseconds. */
export interface ElectionTimes {
  /** How long a leader that falls silent is waited for. A whole number of seconds. */
  readonly leaseDurationMs: number;
  /** How long a leader goes on without having renewed; less than the lease. */
  readonly renewDeadlineMs: number;
  /** How often the leader renews, and a candidate that could not ask tries again. */
  readonly retryPeriodMs: number;
}

export interface ElectionParts {
  readonly registry: Registry;
  readonly store: Store;
  readonly kind: KindDescriptor<LeaseManifest>;
  /** The Lease that stands for the lead. */
  readonly lease: ObjectName;
  /** The key whose revision is the term. */
  readonly termKey: string;
  /** This process among the candidates; two must never have the same. */
  readonly identity: string;
  /** False: this process follows for ever. */
  readonly candidate: boolean;
  readonly times: ElectionTimes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Resolves when the view has come to the revision, or cannot: then false. */
  readonly caughtUp: (revision: Revision) => Promise<boolean>;
  /** The lead was won or lost; `leads()` answers accordingly from the next pass on. */
  readonly onChange: () => void;
}

type StoredLease = Stored<LeaseManifest>;

/** What this process knows of the Lease, and since when by its own clock: nobody else's clock counts. */
interface Observed {
  readonly lease: StoredLease;
  readonly at: Instant;
}

const writer: Identity = { name: 'system:leader-election', groups: ['system:masters'], role: 'host' };
/** No key is ever at this revision: what carries it is refused. */
const never: Revision = -1;

/**
 * Who among several control planes acts. As in Kubernetes, a Lease object says who leads: the leader renews it, and the others take
 * it over once it has not changed for its duration. A Lease alone cannot stop a leader that stood still and does not know that its time
 * is up, so winning it also writes the term key, and every write of a controller or scheduler names the term: the store refuses those
 * of a term that is over. A new leader acts when its view has everything that came before its term.
 * Source: https://kubernetes.io/docs/concepts/architecture/leases/#leader-election
 */
export class LeaderElection {
  readonly #parts: ElectionParts;
  readonly #key: string;
  #observed: Observed | undefined;
  /** The term begun last, and the same from the moment the view has caught up with it. */
  #begun: Revision = 0;
  #won: Revision | undefined;
  /** The term in which this process acts: begun by a pass, never in the middle of one. */
  #acting: Revision | undefined;
  /** When the last renewal that succeeded was asked for. */
  #renewedAt: Instant = 0;
  #holds = false;
  #timer: Timer | undefined;
  #expiry: Timer | undefined;
  #work: Promise<void> | undefined;
  #beginning: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(parts: ElectionParts) {
    this.#parts = parts;
    this.#key = objectKey(parts.kind, parts.lease.namespace, parts.lease.name);
  }

  /** Asked for at the start of each pass: a term that was won meanwhile begins here. */
  leads(): boolean {
    this.#acting = this.#stillGood() ? this.#won : undefined;
    return this.#acting !== undefined;
  }

  /** The term in which this process acts: the revision of its beginning. Undefined while another leads. */
  get term(): Revision | undefined {
    return this.#stillGood() ? this.#won : undefined;
  }

  /** What the writes of controllers and the scheduler are bound to. */
  fence(): Fence {
    const acting = this.#acting !== undefined && this.#acting === this.#won;
    return { key: this.#parts.termKey, revision: acting ? this.#acting! : never };
  }

  /** Takes part from now on. Resolves when this process leads, or has seen that it does not for now. */
  async start(): Promise<void> {
    if (!this.#parts.candidate) return;
    this.#wake();
    await this.#work;
    await this.#beginning;
  }

  /** The store refused a write for its fence: if that was of the present term, somebody else leads, whatever this process believes. */
  fenced(fence: Fence): void {
    if (fence.revision !== this.#won) return;
    this.#stepDown('the store knows a later term');
    this.#wake();
  }

  /** The Lease changed, as the view saw it. */
  seen(lease: StoredLease | undefined): void {
    if (lease === undefined) this.#observed = undefined;
    else if (Number(lease.metadata.resourceVersion) > Number(this.#observed?.lease.metadata.resourceVersion ?? 0)) this.#observe(lease);
    if (this.#holds && lease !== undefined && lease.spec?.holderIdentity !== this.#parts.identity) this.#wake();
    if (!this.#holds) this.#plan();
  }

  /** Gives the lead back, so that another takes it at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#work;
    const held = this.#holds ? this.#observed?.lease : undefined;
    this.#stepDown(undefined);
    if (held === undefined) return;
    const spec = { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: formatMicroTime(this.#parts.clock.now()) };
    await this.#write(held, spec).catch(() => undefined);
  }

  #stillGood(): boolean {
    const { clock, times } = this.#parts;
    return this.#won !== undefined && this.#holds && clock.now() < this.#renewedAt + times.renewDeadlineMs;
  }

  #observe(lease: StoredLease): void {
    if (lease.metadata.resourceVersion === this.#observed?.lease.metadata.resourceVersion) return;
    this.#observed = { lease, at: this.#parts.clock.now() };
  }

  /** When to try next: the leader when it is time to renew, a candidate when the lease it sees has run out. */
  #plan(): void {
    const { clock, times, random, candidate } = this.#parts;
    if (this.#closed || !candidate || this.#work !== undefined) return;
    this.#timer?.cancel();
    // Candidates that see it run out together do not all ask together.
    const at = this.#holds ? clock.now() + times.retryPeriodMs : this.#freeAt() + random.next() * Math.min(50, times.retryPeriodMs);
    this.#timer = clock.schedule(at, () => this.#wake());
  }

  /** When the Lease may be taken, as far as this process has seen. */
  #freeAt(): Instant {
    const { clock, identity } = this.#parts;
    if (this.#observed === undefined) return clock.now();
    // A clock that was set back must not make the lease last longer.
    if (this.#observed.at > clock.now()) this.#observed = { ...this.#observed, at: clock.now() };
    const { lease, at } = this.#observed;
    const { holderIdentity = '', leaseDurationSeconds = 0 } = lease.spec ?? {};
    return holderIdentity === '' || holderIdentity === identity ? clock.now() : at + leaseDurationSeconds * 1000;
  }

  #wake(): void {
    if (this.#closed || !this.#parts.candidate) return;
    if (this.#work !== undefined) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#work = this.#attempt().then((repeatAt) => {
      this.#work = undefined;
      const again = this.#again;
      this.#again = false;
      if (again && repeatAt === undefined) this.#wake();
      else if (repeatAt === undefined) this.#plan();
      else if (!this.#closed) this.#timer = this.#parts.clock.schedule(repeatAt, () => this.#wake());
    });
  }

  /** One renewal or attempt; returns when to try again if that is not as planned. Never rejects. */
  async #attempt(): Promise<Instant | undefined> {
    const { clock, times, logger } = this.#parts;
    const began = clock.now();
    try {
      await (this.#holds ? this.#renew() : this.#acquire());
      return undefined;
    } catch (error) {
      if (error instanceof ClosedError) return undefined;
      logger.warn({ error: (error as Error).message }, 'leader election: an attempt failed and will be repeated');
      // One that waited long for its answer has waited: a server that stands still must not cost the lead.
      return Math.max(clock.now(), began + times.retryPeriodMs);
    }
  }

  async #renew(): Promise<void> {
    const { clock, identity } = this.#parts;
    const asked = clock.now();
    const known = this.#observed?.lease;
    const renewed = known && (await this.#write(known, { ...known.spec, renewTime: formatMicroTime(asked) }));
    if (renewed !== undefined) return this.#renewed(renewed, asked);
    // It changed: by an earlier renewal whose answer was lost, by a user, or by another leader.
    const present = await this.#read();
    if (present?.spec?.holderIdentity !== identity) return this.#stepDown('another took the lease');
    const again = await this.#write(present, { ...present.spec, renewTime: formatMicroTime(asked) });
    if (again !== undefined) this.#renewed(again, asked);
    else this.#again = true;
  }

  async #acquire(): Promise<void> {
    const { clock, identity, store, termKey, logger } = this.#parts;
    const present = await this.#read();
    if (this.#freeAt() > clock.now()) return;
    const term = await store.get(termKey);
    const asked = clock.now();
    const spec = this.#taking(present, formatMicroTime(asked));
    const taken = present === undefined ? await this.#create(spec) : await this.#write(present, spec);
    if (taken === undefined) return void (await this.#read());
    // Only whoever holds the Lease at this very revision begins the term: the loser of a race can begin none.
    const fence = { key: this.#key, revision: Number(taken.metadata.resourceVersion) };
    const value = Object.freeze({ holder: identity, beganAt: formatMicroTime(asked) });
    const [result] = await store.write([{ key: termKey, value, expected: term?.revision ?? 0, fence }]);
    if (result?.ok !== true) return void (await this.#read());
    this.#holds = true;
    this.#begun = result.entry.revision;
    this.#renewed(taken, asked);
    this.#beginning = this.#begin(result.entry.revision).catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'leader election: the term could not begin');
    });
  }

  /** The Lease in this process's hands. */
  #taking(present: StoredLease | undefined, now: string): NonNullable<LeaseManifest['spec']> {
    const { identity, times } = this.#parts;
    const before = present?.spec;
    const renewed = { ...before, holderIdentity: identity, leaseDurationSeconds: times.leaseDurationMs / 1000, renewTime: now };
    if (before?.holderIdentity === identity) return renewed;
    return { ...renewed, acquireTime: now, leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + 1 };
  }

  /** Leads once the view has everything of the terms before. */
  async #begin(term: Revision): Promise<void> {
    const current = (): boolean => !this.#closed && this.#holds && this.#begun === term;
    while (current() && !(await this.#parts.caughtUp(term)));
    if (!current()) return;
    this.#won = term;
    this.#parts.logger.info({ identity: this.#parts.identity, term }, 'leader election: this process leads');
    this.#parts.onChange();
  }

  #renewed(lease: StoredLease, asked: Instant): void {
    const { clock, times } = this.#parts;
    this.#observe(lease);
    // Its time ran out while the answer was on the way: the lead has to be won again.
    if (!this.#holds) return;
    this.#renewedAt = asked;
    this.#expiry?.cancel();
    this.#expiry = clock.schedule(asked + times.renewDeadlineMs, () => this.#stepDown('the lease could not be renewed in time'));
  }

  #stepDown(why: string | undefined): void {
    this.#expiry?.cancel();
    if (!this.#holds) return;
    this.#holds = false;
    const led = this.#won !== undefined;
    this.#won = undefined;
    this.#acting = undefined;
    if (why !== undefined) this.#parts.logger.warn({ identity: this.#parts.identity, why }, 'leader election: this process leads no more');
    if (led) this.#parts.onChange();
    this.#plan();
  }

  /** The Lease as the store has it now. */
  async #read(): Promise<StoredLease | undefined> {
    const entry = await this.#parts.store.get(this.#key);
    const lease = entry?.value as StoredLease | undefined;
    if (lease === undefined) this.#observed = undefined;
    else this.#observe(lease);
    return lease;
  }

  /** undefined if there is one already. */
  async #create(spec: LeaseManifest['spec']): Promise<StoredLease | undefined> {
    const { registry, kind, lease } = this.#parts;
    const manifest: LeaseManifest = { metadata: { ...nameOf(lease) }, spec: spec! };
    const prepared = await registry.prepare.create(kind as KindDescriptor, manifest as KubeObject, { identity: writer });
    return this.#commit(prepared, undefined);
  }

  /** undefined if it is not as `known` any more. */
  async #write(known: StoredLease, spec: LeaseManifest['spec']): Promise<StoredLease | undefined> {
    const { registry, kind } = this.#parts;
    const manifest = { ...known, spec } as unknown as KubeObject;
    const prepared = await registry.prepare.update(kind as KindDescriptor, manifest, known as unknown as StoredObject, '', {
      identity: writer,
    });
    return this.#commit(prepared, known);
  }

  /** Past the registry's last step, which would wait for the view: a renewal waits for nothing. */
  async #commit({ op }: PreparedWrite, unchanged: StoredLease | undefined): Promise<StoredLease | undefined> {
    if (op === undefined) return unchanged;
    const [result] = await this.#parts.store.write([op]);
    return result?.ok === true ? (result.entry.value as StoredLease) : undefined;
  }
}

const nameOf = ({ namespace, name }: ObjectName): { readonly name: string; readonly namespace?: string } =>
  namespace === undefined ? { name } : { namespace, name };
