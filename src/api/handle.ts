import { ConfigurationError, type ObjectRef } from '../errors.ts';
import type { Client, DeleteOptions, DeleteResult, Patch, WaitOptions, WriteOptions } from './client.ts';
import { eventsAbout, statusLines } from './evidence.ts';
import { apiVersionOf, type KindDescriptor } from './kind.ts';
import type { KubeObject, ObjectName, Stored, StoredMeta } from './object.ts';
import { notFound } from './status-errors.ts';

/**
 * A live handle: made from a manifest, or read from a cluster. What it shows is what is stored now, not what was read; what it does
 * goes through the cluster it belongs to. One that was made from a manifest belongs to none until a cluster creates or applies it.
 */
export abstract class Handle<M extends KubeObject> {
  readonly descriptor: KindDescriptor<M>;
  /** What it was made from; what is stored is `object`. */
  readonly manifest: M;
  #client: Client | undefined;
  #at: ObjectName;
  #uid: string | undefined;

  constructor(descriptor: KindDescriptor<M>, manifest: M, client?: Client) {
    this.descriptor = descriptor;
    this.manifest = { ...manifest, apiVersion: apiVersionOf(descriptor), kind: descriptor.kind };
    this.#client = client;
    this.#at = {
      namespace: descriptor.namespaced ? (manifest.metadata?.namespace ?? 'default') : undefined,
      name: manifest.metadata?.name ?? '',
    };
  }

  /** Called by the cluster that has stored it. */
  bind(client: Client, stored: Stored<M>): this {
    this.#client = client;
    this.#at = { namespace: stored.metadata.namespace, name: stored.metadata.name };
    this.#uid = stored.metadata.uid;
    return this;
  }

  get name(): string {
    return this.#at.name;
  }

  get namespace(): string | undefined {
    return this.#at.namespace;
  }

  /** `namespace/name`, or the name alone for kinds without namespaces. */
  get key(): string {
    return this.#at.namespace === undefined ? this.#at.name : `${this.#at.namespace}/${this.#at.name}`;
  }

  /** The object as it is stored now, frozen. Throws `NotFoundError` if it is gone. */
  get object(): Stored<M> {
    const object = this.client.get(this.descriptor, this.#at);
    if (object === undefined) throw notFound(this.descriptor, this.name);
    return object;
  }

  get exists(): boolean {
    return this.#client !== undefined && this.#client.get(this.descriptor, this.#at) !== undefined;
  }

  get metadata(): StoredMeta {
    return this.object.metadata as StoredMeta;
  }

  /** Deletes the object. With `waitFor('Deleted')` one sees it go. */
  delete(options: DeleteOptions = {}): Promise<DeleteResult> {
    return this.client.delete(this.descriptor as unknown as KindDescriptor, this.#at, options);
  }

  async patch(patch: Patch, options: WriteOptions = {}): Promise<this> {
    await this.client.patch(this.descriptor, this.#at, patch, options);
    return this;
  }

  /** Sets labels; null takes one away. */
  label(labels: Readonly<Record<string, string | null>>): Promise<this> {
    return this.patch({ type: 'merge', patch: { metadata: { labels } } });
  }

  annotate(annotations: Readonly<Record<string, string | null>>): Promise<this> {
    return this.patch({ type: 'merge', patch: { metadata: { annotations } } });
  }

  /** Waits until the object is gone. */
  async waitForDeletion(options: WaitOptions = {}): Promise<void> {
    const uid = this.exists ? this.metadata.uid : undefined;
    const gone = (): true | undefined => {
      const now = this.client.get(this.descriptor, this.#at);
      return now === undefined || (now as { metadata: StoredMeta }).metadata.uid !== uid ? true : undefined;
    };
    await this.client.waitFor(`${this.what} to be deleted`, gone, () => this.evidence(), options);
  }

  /** What a person would look at next: the status, and the last Events about the object. */
  evidence(): string {
    if (!this.exists) return `${this.what} does not exist`;
    const { status } = this.object as { readonly status?: unknown };
    return [...statusLines(status), ...eventsAbout(this.client, this.metadata.uid)].join('\n');
  }

  toJSON(): M {
    return this.exists ? (this.object as unknown as M) : this.manifest;
  }

  /** What `console.log` shows: what it is, and the object. */
  [Symbol.for('nodejs.util.inspect.custom')](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `${this.descriptor.kind} ${this.key} ${inspect(this.toJSON(), options)}`;
  }

  protected get client(): Client {
    if (this.#client === undefined) {
      throw new ConfigurationError(`${this.what} belongs to no cluster yet: create it with cluster.create(...) or cluster.apply(...)`);
    }
    return this.#client;
  }

  protected get at(): ObjectName {
    return this.#at;
  }

  /** Which object it was when the handle was made; another may have its name by now. */
  protected get boundUid(): string | undefined {
    return this.#uid;
  }

  /** `pod default/web`. */
  protected get what(): string {
    return `${this.descriptor.singular} ${this.key}`;
  }

  protected get ref(): ObjectRef {
    return {
      apiVersion: apiVersionOf(this.descriptor),
      kind: this.descriptor.kind,
      name: this.name,
      ...(this.namespace === undefined ? {} : { namespace: this.namespace }),
    };
  }
}

/** How a handle of a kind is made. */
export type HandleClass<M extends KubeObject, H extends Handle<M>> = new (manifest: M, client?: Client) => H;
