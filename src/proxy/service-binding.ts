import type { BindingPlan } from './binding-plan.ts';
import type { ListenerProblem, ServiceListener } from './service-proxy.ts';

/** What a socket that listens for a Service can do, whatever its protocol. */
export interface BoundSocket {
  readonly localPort: number;
  /** Takes nothing new; what is there may finish. */
  drain(): void;
  /** True once nothing is left of it after `drain`. */
  readonly finished: boolean;
  /** Ends everything; resolves when it is gone. May be repeated. */
  close(): Promise<void>;
}

/** Binds an address; rejects with the machine's error. */
export type Bind = (address: string, port: number, sourceRanges: readonly string[] | undefined) => Promise<BoundSocket>;

/** Codes that say an address is none of this machine, or not ours to take: another will stand in. */
const standInCodes = new Set(['EADDRNOTAVAIL', 'EACCES', 'EADDRINUSE', 'EINVAL', 'EAFNOSUPPORT', 'ENODEV']);
/** Codes that say a ClusterIP was never meant to be bound here: that another address stands in is no problem. */
const expectedCodes = new Set(['EADDRNOTAVAIL', 'EINVAL', 'EAFNOSUPPORT', 'ENODEV']);
const firstRetryMs = 1_000;
const lastRetryMs = 60_000;

/** What a binding belongs to, for messages. */
export type BindingName = Pick<ServiceListener, 'service' | 'portName' | 'protocol' | 'port'>;

/** One planned address of a Service port: bound, or waiting to be tried again. */
export class ServiceBinding {
  readonly plan: BindingPlan;
  readonly #name: BindingName;
  readonly #bind: Bind;
  #socket: BoundSocket | undefined;
  #role: ServiceListener['role'];
  #address: string;
  #problem: ListenerProblem | undefined;
  #binding: Promise<void> | undefined;
  #retryMs = firstRetryMs;
  #closed = false;
  /** When to try again; undefined: no need. */
  retryAt: number | undefined;

  constructor(plan: BindingPlan, name: BindingName, bind: Bind) {
    this.plan = plan;
    this.#name = name;
    this.#bind = bind;
    this.#role = plan.role;
    this.#address = plan.address;
    if (plan.refused !== undefined) this.#problem = this.#describe('NOT_ALLOWED', plan.refused);
  }

  get socket(): BoundSocket | undefined {
    return this.#socket;
  }

  get problem(): ListenerProblem | undefined {
    return this.#problem;
  }

  /** True while the machine is being asked. */
  get pending(): boolean {
    return this.#binding !== undefined;
  }

  listener(mode: ServiceListener['mode']): ServiceListener | undefined {
    if (this.#socket === undefined) return undefined;
    return Object.freeze({ ...this.#name, mode, role: this.#role, address: this.#address, localPort: this.#socket.localPort });
  }

  /** Tries to bind; `done` is called when it is known how that went. */
  open(now: number, done: () => void): void {
    if (this.plan.refused !== undefined || this.#socket !== undefined || this.#binding !== undefined || this.#closed) return;
    this.retryAt = undefined;
    this.#binding = this.#attempt(now, done);
  }

  /** Stops listening; what was accepted may finish. Returns the socket if there is one. */
  drain(): BoundSocket | undefined {
    this.#closed = true;
    this.retryAt = undefined;
    this.#socket?.drain();
    return this.#socket;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.retryAt = undefined;
    await this.#binding;
    await this.#socket?.close();
  }

  async #attempt(now: number, done: () => void): Promise<void> {
    await this.#try(now);
    this.#binding = undefined;
    done();
  }

  async #try(now: number): Promise<void> {
    const { plan } = this;
    try {
      await this.#keep(this.#bind(plan.address, plan.port, plan.sourceRanges), plan.role, plan.address);
    } catch (error) {
      const code = codeOf(error);
      if (plan.standIn !== undefined && standInCodes.has(code)) {
        try {
          await this.#keep(this.#bind(plan.standIn, 0, plan.sourceRanges), 'host', plan.standIn);
          if (!expectedCodes.has(code)) this.#problem = this.#describe(code, notBound(plan, code, error));
          return;
        } catch {
          // The first error says more.
        }
      }
      this.#problem = this.#describe(code, notBound(plan, code, error));
      this.retryAt = now + this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    }
  }

  async #keep(bound: Promise<BoundSocket>, role: ServiceListener['role'], address: string): Promise<void> {
    const socket = await bound;
    this.#socket = socket;
    this.#role = role;
    this.#address = address;
    this.#problem = undefined;
    this.#retryMs = firstRetryMs;
    // Taken back while the machine was being asked.
    if (this.#closed) await socket.close();
  }

  #describe(code: string, message: string): ListenerProblem {
    const { service, portName } = this.#name;
    return Object.freeze({ service, portName, role: this.plan.role, address: this.plan.address, port: this.plan.port, code, message });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}

const notBound = ({ address, port }: BindingPlan, code: string, error: unknown): string =>
  `${address}:${port} cannot be bound: ${explain(code, error)}`;

function explain(code: string, error: unknown): string {
  if (code === 'EADDRINUSE') return 'another program of this machine (or another Service) listens there';
  if (code === 'EADDRNOTAVAIL') return 'it is not an address of this machine';
  if (code === 'EACCES') return 'this user may not bind it (ports below 1024 need a privilege)';
  return error instanceof Error ? error.message : String(error);
}
