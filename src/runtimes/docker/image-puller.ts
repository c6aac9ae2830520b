import { createHash } from 'node:crypto';
import type { Clock } from '../../env/clock.ts';
import { AbortedError, CoxswainError } from '../../errors.ts';
import { imageNotFound, registryUnavailable } from '../runtime-failure.ts';
import type { ImagePull, ImageReport } from '../runtime.ts';
import type { InspectedImage } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import { EngineError } from '../../errors.ts';
import { hasStatus } from './engine-answered.ts';
import { jsonLines } from './json-lines.ts';
import { parseImageName } from './image-name.ts';
import { pullFailure } from './pull-failure.ts';
import type { RegistryAuth, RegistryCredentials } from './registry-credentials.ts';

interface Progress {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/** A pull that is going on, and who waits for it. */
interface Pulling {
  readonly result: Promise<string>;
  readonly listeners: Set<(message: string) => void>;
  readonly stop: AbortController;
  waiting: number;
}

/** An image that was not on the engine before. */
export interface FetchedImage {
  readonly id: string;
  readonly sizeBytes: number;
  readonly fetchedAtMs: number;
}

export interface ImagePullerOptions {
  /** Nothing is ever fetched: an image is there, or it is not. */
  readonly neverPull: boolean;
  /** `linux/arm64`; the engine's own unless given. */
  readonly platform: string | undefined;
  /** How long a pull may say nothing, in milliseconds. */
  readonly silenceMs: number;
}

/** The images of one engine. However many ask for an image at a time, it is fetched once. */
export class ImagePuller {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #credentials: RegistryCredentials;
  readonly #options: ImagePullerOptions;
  readonly #pulling = new Map<string, Pulling>();
  readonly #fetched = new Map<string, FetchedImage>();
  /** What was seen last: whoever makes a container asked a moment ago. */
  #last: { readonly name: string; readonly image: InspectedImage } | undefined;

  constructor(engine: Engine, clock: Clock, credentials: RegistryCredentials, options: ImagePullerOptions) {
    this.#clock = clock;
    this.#engine = engine;
    this.#credentials = credentials;
    this.#options = options;
  }

  /** What was brought to the engine by this runtime, by name; by its id what lost its name to an image that was fetched later. */
  get fetched(): ReadonlyMap<string, FetchedImage> {
    return this.#fetched;
  }

  async inspect(image: string, signal?: AbortSignal): Promise<InspectedImage | undefined> {
    try {
      const request = { method: 'GET', path: `/images/${image}/json` } as const;
      const found = await this.#engine.json<InspectedImage>('inspect an image', request, signal === undefined ? {} : { signal });
      this.#last = { name: image, image: found };
      return found;
    } catch (error) {
      if (this.#last?.name === image) this.#last = undefined;
      if (hasStatus(error, 400, 404)) return undefined;
      throw error;
    }
  }

  /** As it was when it was last asked for, if nobody has asked for another image since; a create finds out if it has gone. */
  async recent(image: string, signal?: AbortSignal): Promise<InspectedImage | undefined> {
    return this.#last?.name === image ? this.#last.image : this.inspect(image, signal);
  }

  async status(image: string, signal?: AbortSignal): Promise<ImageReport | undefined> {
    const found = await this.inspect(image, signal);
    return found === undefined ? undefined : reportOf(found, image);
  }

  async list(signal?: AbortSignal): Promise<readonly ImageReport[]> {
    const request = { method: 'GET', path: '/images/json' } as const;
    const found = await this.#engine.json<readonly InspectedImage[]>('list images', request, signal === undefined ? {} : { signal });
    return found.map((image) => reportOf(image));
  }

  /** Resolves with the image's id once it is there. */
  async pull({ image, credentials, onProgress }: ImagePull, signal: AbortSignal): Promise<string> {
    if (this.#options.neverPull) {
      const found = await this.status(image, signal);
      if (found === undefined) throw imageNotFound(image, 'it is not on the engine, and this runtime never pulls (neverPull)');
      return found.id;
    }
    const secret = createHash('sha256').update(JSON.stringify(credentials)).digest('hex');
    const key = `${image}\0${secret}`;
    const pulling = this.#pulling.get(key) ?? this.#begin(key, image, credentials);
    pulling.waiting++;
    if (onProgress !== undefined) pulling.listeners.add(onProgress);
    const done = new AbortController();
    try {
      return await Promise.race([pulling.result, aborted(signal, done.signal, image)]);
    } finally {
      done.abort();
      if (onProgress !== undefined) pulling.listeners.delete(onProgress);
      pulling.waiting--;
      // Nobody wants it any more.
      if (pulling.waiting === 0) pulling.stop.abort();
    }
  }

  /** Removes what was fetched. False if an image that lost its name to a later one has been given another meanwhile: it is somebody's. */
  async removeFetched(name: string): Promise<boolean> {
    const isUnnamed = this.#fetched.get(name)?.id === name;
    const tags = isUnnamed ? ((await this.inspect(name))?.RepoTags ?? []) : [];
    if (tags.some((tag) => !tag.includes('<none>'))) return false;
    await this.remove(name);
    return true;
  }

  async remove(image: string, signal?: AbortSignal): Promise<void> {
    try {
      const request = { method: 'DELETE', path: `/images/${image}` } as const;
      await this.#engine.json('remove an image', request, { timeoutMs: 60_000, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
    this.#fetched.delete(image);
  }

  #begin(key: string, image: string, credentials: ImagePull['credentials']): Pulling {
    const stop = new AbortController();
    const listeners = new Set<(message: string) => void>();
    const result = this.#fetch(image, credentials, listeners, stop.signal).finally(() => this.#pulling.delete(key));
    result.catch(() => undefined);
    const pulling = { result, listeners, stop, waiting: 0 };
    this.#pulling.set(key, pulling);
    return pulling;
  }

  /** Tries the credentials given, then the user's own, then none. */
  async #fetch(
    image: string,
    credentials: ImagePull['credentials'],
    listeners: ReadonlySet<(message: string) => void>,
    signal: AbortSignal,
  ): Promise<string> {
    const { registry } = parseImageName(image);
    const given = credentials
      .filter((each) => sameRegistry(each.registry, registry))
      .map(({ username, password }): RegistryAuth => ({ username, password, serveraddress: registry }));
    const own = await this.#credentials.find(registry);
    const auths: readonly (RegistryAuth | undefined)[] = [...given, ...(own === undefined ? [] : [own])];
    const before = await this.status(image, signal);
    let refused: unknown;
    for (const auth of auths.length === 0 ? [undefined] : auths) {
      try {
        await this.#fetchWith(image, auth, listeners, signal);
        const found = await this.status(image, signal);
        if (found === undefined) throw registryUnavailable(`image "${image}" was pulled, and is not on the engine: somebody removed it`);
        if (before === undefined || this.#fetched.has(image)) this.#note(image, found);
        return found.id;
      } catch (error) {
        refused = error;
        const { code } = error as { readonly code?: string };
        if (code !== 'RUNTIME_IMAGE_UNAUTHORIZED' && code !== 'RUNTIME_IMAGE_NOT_FOUND') throw error;
      }
    }
    throw refused;
  }

  /** A name that was fetched before may mean another image now: the one before has none then, and is still ours. */
  #note(image: string, { id, sizeBytes }: ImageReport): void {
    const before = this.#fetched.get(image);
    if (before !== undefined && before.id !== id) this.#fetched.set(before.id, before);
    this.#fetched.delete(id);
    this.#fetched.set(image, { id, sizeBytes, fetchedAtMs: this.#clock.now() });
  }

  async #fetchWith(
    image: string,
    auth: RegistryAuth | undefined,
    listeners: ReadonlySet<(message: string) => void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { base, reference } = parseImageName(image);
    const { platform, silenceMs } = this.#options;
    const headers = auth === undefined ? {} : { headers: { 'X-Registry-Auth': registryHeader(auth) } };
    const request = { method: 'POST', path: '/images/create', query: { fromImage: base, tag: reference, platform }, ...headers } as const;
    try {
      // The engine's answer begins when it has reached the registry, or has given up.
      const source = await this.#engine.stream('pull an image', request, signal, silenceMs);
      source.once('error', () => undefined);
      let ended = false;
      for await (const said of jsonLines<Progress>(source)) {
        const failed = said.errorDetail?.message ?? said.error;
        if (failed !== undefined) throw pullFailure(image, failed);
        const message = describe(said);
        for (const listener of listeners) listener(message);
        ended = /^(Status: |Digest: )/.test(said.status ?? '') || ended;
      }
      if (!ended && (source.errored !== null || !source.readableEnded))
        throw registryUnavailable(`pulling image "${image}": the engine's answer was cut`);
    } catch (error) {
      if (error instanceof EngineError && error.status !== 0) throw pullFailure(image, error.message, error);
      if (!(error instanceof CoxswainError))
        throw registryUnavailable(`pulling image "${image}": the engine's answer was cut: ${(error as Error).message}`, error);
      throw error;
    }
  }
}

/** The engine wants base64 for URLs, and its padding too. */
export const registryHeader = (auth: object): string =>
  Buffer.from(JSON.stringify(auth)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

const sameRegistry = (given: string, wanted: string): boolean =>
  given === wanted || (wanted === 'docker.io' && /^(index\.|registry-1\.)?docker\.io$/.test(given));

/** Rejects when the signal fires, until `done` does. */
function aborted(signal: AbortSignal, done: AbortSignal, image: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason instanceof Error ? signal.reason : new AbortedError(`pulling image "${image}"`));
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    done.addEventListener('abort', () => signal.removeEventListener('abort', end), { once: true });
  });
}

function describe({ id, status = '', progressDetail }: Progress): string {
  const { current, total } = progressDetail ?? {};
  const share = current === undefined || total === undefined || total <= 0 ? '' : ` ${Math.floor((current * 100) / total)} %`;
  return `${id === undefined ? '' : `${id}: `}${status}${share}`;
}

/** @param asked The name it was asked for by, which counts as one of its names. */
function reportOf(image: InspectedImage, asked?: string): ImageReport {
  const names = [...(image.RepoTags ?? []), ...(image.RepoDigests ?? [])].filter((name) => !name.includes('<none>'));
  return { id: image.Id, names: asked === undefined || names.includes(asked) ? names : [asked, ...names], sizeBytes: image.Size ?? 0 };
}
