import type { ViewChange } from '../api/view.ts';
import type { Instant } from '../env/clock.ts';
import { Followers } from './followers.ts';
import type { Breathe } from './controller-runner.ts';
import type { Participant, StepReport } from './participant.ts';
import { Wakes } from './wakes.ts';

interface Member {
  readonly participant: Participant;
  pending: ViewChange[];
  inFlight: number;
  /** Steps that threw, one after the other. */
  failures: number;
}

/** A participant whose step threw is left alone for so long at first, and twice as long after each further time. */
const backoffMsFirst = 100;
const backoffMsMax = 60_000;

const podNode = (change: ViewChange): string | undefined => (change.object.spec as { readonly nodeName?: string } | undefined)?.nodeName;

/** The participants of a loop: who is told what, who is due, what they have in flight. */
export class ParticipantGroup {
  /** Replaced, never changed: it is gone through for every change. */
  #wide: readonly Member[] = [];
  readonly #byNode = new Map<string, Set<Member>>();
  readonly #followers = new Followers<Member>();
  readonly #members = new Map<Participant, Member>();
  readonly #due = new Set<Member>();
  readonly #wakes = new Wakes<Member>();
  readonly #wakeLoop: () => void;
  readonly #everything: () => readonly ViewChange[];
  readonly #onFailure: (name: string, doing: string, error: unknown) => void;
  #inFlight = 0;

  /** `everything`: all there is, as added, for participants that come later than it. */
  constructor(
    wakeLoop: () => void,
    everything: () => readonly ViewChange[],
    onFailure: (name: string, doing: string, error: unknown) => void,
  ) {
    this.#wakeLoop = wakeLoop;
    this.#everything = everything;
    this.#onFailure = onFailure;
  }

  /** Runtime calls and writes that were started and have not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** True if a step has something to do now. */
  get busy(): boolean {
    return this.#due.size > 0;
  }

  nextAt(): Instant | undefined {
    return this.#wakes.next();
  }

  add(participant: Participant): void {
    const member: Member = {
      participant,
      pending: participant.nodeName === undefined ? [...this.#everything()] : [],
      inFlight: 0,
      failures: 0,
    };
    this.#members.set(participant, member);
    if (participant.nodeName === undefined) this.#wide = [...this.#wide, member];
    else {
      const known = this.#byNode.get(participant.nodeName);
      if (known === undefined) this.#byNode.set(participant.nodeName, new Set([member]));
      else known.add(member);
    }
    this.#due.add(member);
    const wake = (): void => {
      this.#due.add(member);
      this.#wakeLoop();
    };
    participant.start(wake, (reference, on) => this.#followers.set(member, reference, on));
    this.#wakeLoop();
  }

  /** Forgets a participant, and closes it. */
  async remove(participant: Participant): Promise<void> {
    const member = this.#members.get(participant);
    if (member === undefined) return;
    this.#members.delete(participant);
    this.#wide = this.#wide.filter((other) => other !== member);
    if (participant.nodeName !== undefined) this.#byNode.get(participant.nodeName)?.delete(member);
    this.#due.delete(member);
    this.#followers.forget(member);
    this.#wakes.set(member, undefined);
    this.#inFlight -= member.inFlight;
    await participant.close();
  }

  onChanges(changes: readonly ViewChange[]): void {
    for (const change of changes) {
      for (const member of this.#wide) this.#tell(member, change);
      if (change.kind.group !== '') continue;
      const { kind } = change.kind;
      const { namespace, name } = change.object.metadata;
      if (kind === 'Pod') this.#tellNode(podNode(change), change);
      else if (kind === 'Node') this.#tellNode(name, change);
      else for (const member of this.#followers.of(kind, namespace, name)) this.#tell(member, change);
    }
  }

  /** Steps everybody who is due or was told something; true if anybody did anything. */
  async step(now: Instant, breathe: Breathe): Promise<boolean> {
    for (const member of this.#wakes.due(now)) this.#due.add(member);
    if (this.#due.size === 0) return false;
    const due = [...this.#due];
    this.#due.clear();
    let progressed = false;
    for (const member of due) {
      if (!this.#members.has(member.participant)) continue;
      const report = this.#stepOne(member, now);
      progressed ||= report.progressed;
      this.#inFlight += report.inFlight - member.inFlight;
      member.inFlight = report.inFlight;
      this.#wakes.set(member, report.wakeAt);
      await breathe();
    }
    return progressed;
  }

  async close(): Promise<void> {
    const members = [...this.#members.keys()];
    this.#members.clear();
    this.#wide = [];
    this.#byNode.clear();
    this.#followers.clear();
    this.#due.clear();
    const ends = await Promise.allSettled(members.map((participant) => participant.close()));
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    if (failed.length > 0) throw new AggregateError(failed, 'some participants could not be closed');
  }

  #stepOne(member: Member, now: Instant): StepReport {
    const { participant, pending } = member;
    if (pending.length > 0) {
      member.pending = [];
      try {
        participant.onChanges(pending);
      } catch (error) {
        this.#onFailure(participant.name, 'onChanges', error);
      }
    }
    try {
      const report = participant.step(now);
      member.failures = 0;
      return report;
    } catch (error) {
      this.#onFailure(participant.name, 'step', error);
      const wakeAt = now + Math.min(backoffMsFirst * 2 ** member.failures++, backoffMsMax);
      return { inFlight: member.inFlight, wakeAt, progressed: false };
    }
  }

  #tellNode(nodeName: string | undefined, change: ViewChange): void {
    if (nodeName === undefined || nodeName === '') return;
    const members = this.#byNode.get(nodeName);
    if (members !== undefined) for (const member of members) this.#tell(member, change);
  }

  #tell(member: Member, change: ViewChange): void {
    member.pending.push(change);
    this.#due.add(member);
  }
}
