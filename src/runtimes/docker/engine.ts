import type { Agent } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import type { Clock } from '../../env/clock.ts';
import { withDeadline } from '../../env/call-deadline.ts';
import { unsupported } from '../runtime-failure.ts';
import type { CallOptions } from '../runtime.ts';
import type { EngineAddress } from './engine-address.ts';
import { formatEngineAddress } from './engine-address.ts';
import { EngineError } from '../../errors.ts';
import { engineAgent } from './engine-agent.ts';

/** One call of the engine's API. */
export interface EngineRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Without the version: `/containers/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
  /** A tar archive to send. */
  readonly archive?: Uint8Array | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The newest version of the API whose answers this package knows. */
const newestKnown = [1, 51] as const;
/** The oldest with all that is needed (one-shot figures, and fields of containers). */
const oldestUsable = [1, 40] as const;
const defaultTimeoutMs = 10_000;
const good = Object.fromEntries([101, 200, 201, 202, 204, 304].map((status) => [status, true]));

interface VersionAnswer {
  readonly ApiVersion?: string;
  readonly MinAPIVersion?: string;
  readonly Components?: readonly { readonly Name?: string }[];
}

const emptyBody = { archive: new Uint8Array(), headers: { 'Content-Type': 'text/plain' } };

type Dial = (options: object, callback: (error: DialError | null, result: unknown) => void) => void;
interface DialError extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | null;
}

/** The only door to an engine: every call has a deadline, can be aborted, and fails with `EngineError`. */
export class Engine {
  readonly address: EngineAddress;
  readonly #docker: Dockerode;
  readonly #agent: Agent;
  readonly #clock: Clock;
  #prefix = '';
  #apiVersion = '';
  #isPodman = false;

  private constructor(address: EngineAddress, docker: Dockerode, agent: Agent, clock: Clock) {
    this.address = address;
    this.#docker = docker;
    this.#agent = agent;
    this.#clock = clock;
  }

  /**
   * Connects, and agrees on a version of the API: the newest both sides know.
   *
   * @throws EngineError with status 0 if nobody answers; RuntimeError `RUNTIME_UNSUPPORTED` if the engine is too old.
   */
  static async connect(address: EngineAddress, clock: Clock, options?: CallOptions): Promise<Engine> {
    // Takes a third of a second to load: only for who needs it.
    const { default: Docker } = await import('dockerode');
    const agent = engineAgent(address);
    const tcp = address.type === 'tcp' ? address : undefined;
    // Given as undefined so that nothing is taken from DOCKER_HOST and its like: where to go has been decided.
    const given = {
      socketPath: address.type === 'socket' ? address.path : undefined,
      host: address.type === 'socket' ? undefined : (tcp?.host ?? 'ssh'),
      port: tcp?.port,
      protocol: tcp?.tls === undefined ? 'http' : 'https',
      ...{ ca: undefined, cert: undefined, key: undefined, timeout: undefined, pathPrefix: '/' },
      agent,
    };
    const engine = new Engine(address, new Docker(given as unknown as Dockerode.DockerOptions), agent, clock);
    try {
      await engine.#negotiate(options);
      return engine;
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** As agreed with the engine: `1.41`. */
  get apiVersion(): string {
    return this.#apiVersion;
  }

  /** True if the engine knows the given minor version of API 1. */
  speaks(minor: number): boolean {
    return Number(this.#apiVersion.split('.')[1]) >= minor;
  }

  /** Podman, which answers by the same API and does some things at other times. */
  get isPodman(): boolean {
    return this.#isPodman;
  }

  /** Calls and reads the whole answer: JSON, or undefined if it is none. */
  async json<T>(call: string, request: EngineRequest, options?: CallOptions): Promise<T> {
    const work = (signal: AbortSignal): Promise<unknown> => this.#dial(call, request, signal, {});
    const answer = await withDeadline(this.#clock, call, defaultTimeoutMs, options, work);
    // What is no JSON (an empty body, the `OK` of a ping) is no answer to read.
    return (Buffer.isBuffer(answer) ? undefined : answer) as T;
  }

  /** Calls and hands over the answer's body as it comes. The deadline is for its beginning; `signal` ends it at any time. */
  async stream(call: string, request: EngineRequest, signal: AbortSignal, timeoutMs = defaultTimeoutMs): Promise<Readable> {
    const opening = new AbortController();
    const either = AbortSignal.any([signal, opening.signal]);
    const work = (late: AbortSignal): Promise<unknown> => {
      late.addEventListener('abort', () => opening.abort(late.reason), { once: true });
      return this.#dial(call, request, either, { isStream: true });
    };
    return (await withDeadline(this.#clock, call, timeoutMs, { signal }, work)) as Readable;
  }

  /** Calls and takes over the connection, for streams that go both ways. The deadline is for its beginning. */
  async hijack(call: string, request: EngineRequest, options?: CallOptions): Promise<Duplex> {
    const opening = new AbortController();
    // Said to be empty: else it would be sent in chunks, and Podman has the end of those as the program's first input.
    const whole = request.body === undefined ? { ...request, ...emptyBody } : request;
    const work = (late: AbortSignal): Promise<unknown> => {
      late.addEventListener('abort', () => opening.abort(late.reason), { once: true });
      return this.#dial(call, whole, opening.signal, { isStream: true, hijack: true });
    };
    return (await withDeadline(this.#clock, call, defaultTimeoutMs, options, work)) as Duplex;
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #negotiate(options: CallOptions | undefined): Promise<void> {
    const answer = await this.json<VersionAnswer>('version', { method: 'GET', path: '/version' }, options);
    this.#isPodman = answer.Components?.some(({ Name }) => Name === 'Podman Engine') === true;
    const newest = versionOf(answer.ApiVersion ?? '1.24');
    const oldest = versionOf(answer.MinAPIVersion ?? '1.12');
    if (newest < versionOf(oldestUsable.join('.')) || oldest > versionOf(newestKnown.join('.'))) {
      const range = `${answer.MinAPIVersion} to ${answer.ApiVersion}`;
      const where = formatEngineAddress(this.address);
      throw unsupported(
        'docker',
        `the engine at ${where} (API ${range})`,
        `it needs API ${oldestUsable.join('.')} to ${newestKnown.join('.')}`,
      );
    }
    this.#apiVersion = `1.${Math.min(newest, versionOf(newestKnown.join('.'))) % 1000}`;
    this.#prefix = `/v${this.#apiVersion}`;
  }

  #dial(call: string, request: EngineRequest, signal: AbortSignal, mode: object): Promise<unknown> {
    const { method, path, query, body, archive, headers } = request;
    const given = Object.entries(query ?? {}).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)] as [string, string]],
    );
    const text = new URLSearchParams(given).toString();
    const options = {
      method,
      // The modem takes the last character off an address with a question mark, unless there is a body.
      path: `${this.#prefix}${path}${text === '' ? '' : `?${text}${body === undefined ? '&' : ''}`}`,
      statusCodes: good,
      abortSignal: signal,
      ...(body === undefined ? {} : { options: { _body: body, _query: {} } }),
      ...(archive === undefined ? {} : { file: archive instanceof Uint8Array ? Buffer.from(archive) : archive }),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...mode,
    };
    const { modem } = this.#docker as unknown as { readonly modem: { readonly dial: Dial } };
    return new Promise((resolve, reject) => {
      modem.dial(options, (error, result) => {
        if (error === null || error === undefined) resolve(result ?? undefined);
        else reject(new EngineError(call, error.statusCode ?? 0, error.json?.message ?? withoutCode(error.message), error));
      });
    });
  }
}

/** What the engine said, without what the modem puts before it where it could not read the body: `(HTTP code 500) unexpected - `. */
export function withoutCode(message: string): string {
  return message.replace(/^\(HTTP code \d+\) [a-z ]+ - /, '').trim();
}

/** Orders versions: `1.41` is 1041. */
function versionOf(text: string): number {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return major * 1000 + minor;
}
