import type { Client, WriteOptions } from './api/client.ts';
import { checkOptionNames } from './cluster-options-check.ts';
import { withScaledReplicas } from './cluster-scaling.ts';
import { Collection } from './api/collection.ts';
import { deepEqual } from './api/deep-equal.ts';
import { FieldErrors } from './api/field-errors.ts';
import type { Handle } from './api/handle.ts';
import type { KindDescriptor } from './api/kind.ts';
import type { KindIndex } from './api/kind-index.ts';
import type { KubeObject, Stored, StoredObject } from './api/object.ts';
import { invalid } from './api/status-errors.ts';
import { BadRequestError, ConfigurationError } from './errors.ts';
import type { Deployment } from './kinds/deployment.ts';
import type { ReplicaSet } from './kinds/replica-set.ts';
import { ReplicationController, replicationControllerKind } from './kinds/replication-controller.ts';
import type { StatefulSet } from './kinds/stateful-set.ts';
import { Service, serviceKind } from './kinds/service.ts';

/** Any manifest, of a kind that the types know or of another: what its fields are is the API's to check. */
export interface AnyManifest extends KubeObject {
  readonly [field: string]: unknown;
}

/** What can be applied. */
export type Applicable = Handle<KubeObject> | KubeObject | AnyManifest;

/** What applying one manifest did. */
export interface AppliedObject {
  /** `unchanged` if the object is as it was, but perhaps for who owns its fields. */
  readonly outcome: 'created' | 'configured' | 'unchanged';
  readonly object: StoredObject;
}

export interface RunOptions {
  readonly namespace?: string;
  /** 1 unless given. */
  readonly replicas?: number;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A port the program listens on: its Pods are ready once it takes a TCP connection there. Without it they are ready when they run. */
  readonly port?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ExposeOptions {
  /** The port of the Service. */
  readonly port: number;
  /** The port of the Pods; the Service's own unless given. */
  readonly targetPort?: number | string;
  /** The owner's name unless given. */
  readonly name?: string;
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** `http` balances every request, `tcp` (Kubernetes' way) every connection. `tcp` unless given. */
  readonly protocol?: 'http' | 'tcp';
}

/** What `expose` takes: it has Pods, and a selector for them. */
export type Exposable = ReplicationController | Deployment | ReplicaSet | StatefulSet;

function labelsPickedBy(owner: Exposable): Readonly<Record<string, string>> | undefined {
  if (owner instanceof ReplicationController) return owner.spec.selector ?? owner.spec.template?.metadata?.labels;
  const { matchLabels, matchExpressions = [] } = owner.spec.selector;
  return matchExpressions.length > 0 ? undefined : matchLabels;
}

/** Verbs over many kinds: what a cluster can do besides its collections. */
export class ClusterApi {
  readonly #services: Collection<Service['manifest'], Service>;
  readonly #controllers: Collection<ReplicationController['manifest'], ReplicationController>;
  readonly #client: Client;
  readonly #kinds: KindIndex;

  constructor(client: Client, kinds: KindIndex) {
    this.#client = client;
    this.#kinds = kinds;
    this.#services = new Collection(serviceKind, Service, client);
    this.#controllers = new Collection(replicationControllerKind, ReplicationController, client);
  }

  /** Stores what a handle was made from; the handle is live from then on. */
  async create<M extends KubeObject, H extends Handle<M>>(handle: H & Handle<M>, options: WriteOptions = {}): Promise<H> {
    const stored = await this.#client.create(handle.descriptor, handle.manifest, options);
    return handle.bind(this.#client, stored);
  }

  /**
   * Makes it so: creates what is missing and changes what differs (server-side apply as `coxswain`). Takes handles, manifests, or the
   * text of YAML documents. All are read before the first is applied, in the order given. A key that stands twice in a map of the
   * text is refused, told or passed over as `fieldValidation` says; when it is passed over the last one counts.
   */
  async apply(what: string | Applicable | readonly Applicable[], options: WriteOptions = {}): Promise<readonly AppliedObject[]> {
    const given: readonly Applicable[] = typeof what === 'string' ? await documentsOf(what, options) : isList(what) ? what : [what];
    const manifests = given.map(manifestOf).flatMap(itemsOf);
    const known = manifests.map((manifest) => ({ manifest, kind: this.#kindOf(manifest) }));
    const applied: AppliedObject[] = [];
    for (const { kind, manifest } of known) applied.push(await this.#applyOne(kind, manifest, options));
    return applied;
  }

  /** The quick way to Pods that keep running: a ReplicationController of an image. */
  async run(name: string, image: string, options: RunOptions = {}): Promise<ReplicationController> {
    checkOptionNames('run', options, runOptions);
    const labels = options.labels ?? { app: name };
    const container = {
      name,
      image,
      ...(options.command === undefined ? {} : { command: options.command }),
      ...(options.args === undefined ? {} : { args: options.args }),
      ...(options.env === undefined ? {} : { env: Object.entries(options.env).map(([key, value]) => ({ name: key, value })) }),
      ...(options.port === undefined
        ? {}
        : { ports: [{ containerPort: options.port }], readinessProbe: { tcpSocket: { port: options.port }, periodSeconds: 1 } }),
    };
    return this.#controllers.create({
      metadata: { name, namespace: options.namespace ?? 'default', labels },
      spec: { replicas: options.replicas ?? 1, selector: labels, template: { metadata: { labels }, spec: { containers: [container] } } },
    });
  }

  /** One address for the Pods of a workload. Rejects with `ConfigurationError` if its selector is more than labels. */
  async expose(owner: Exposable, options: ExposeOptions): Promise<Service> {
    checkOptionNames('expose', options, exposeOptions);
    const selector = labelsPickedBy(owner);
    if (selector === undefined)
      throw new ConfigurationError(
        `${owner.descriptor.kind} ${owner.key} is not selected by labels alone: a Service cannot be made for it`,
      );
    return this.#services.create({
      metadata: { name: options.name ?? owner.name, namespace: owner.namespace ?? 'default' },
      spec: {
        selector,
        ...(options.type === undefined ? {} : { type: options.type }),
        ports: [
          {
            port: options.port,
            targetPort: options.targetPort ?? options.port,
            ...(options.protocol === 'http' ? { appProtocol: 'http' } : {}),
          },
        ],
      },
    });
  }

  async #applyOne(kind: KindDescriptor, manifest: KubeObject, options: WriteOptions): Promise<AppliedObject> {
    const at = {
      namespace: kind.namespaced ? (manifest.metadata?.namespace ?? 'default') : undefined,
      name: manifest.metadata?.name ?? '',
    };
    const before = this.#client.get(kind, at) as Stored<KubeObject> | undefined;
    if (at.name === '') {
      const errors = new FieldErrors();
      errors.required('metadata.name', 'what is applied has a name; one that is to be generated must be created');
      throw invalid(kind, '', errors);
    }
    const object = await this.#client.patch(
      kind,
      at,
      { type: 'apply', patch: withScaledReplicas(this.#client, kind, manifest, before, options.onWarning), force: true },
      { fieldManager: 'coxswain', ...options },
    );
    const outcome = before === undefined ? 'created' : sameButForManagers(before, object) ? 'unchanged' : 'configured';
    return { outcome, object: object as StoredObject };
  }

  #kindOf(manifest: KubeObject): KindDescriptor {
    const { apiVersion = '', kind = '' } = manifest;
    const found = this.#kinds.byKind(apiVersion, kind);
    if (found === undefined)
      throw new BadRequestError(
        `${nameOf(manifest)}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
      );
    return found;
  }
}

/** What a person would look for among many documents. */
function nameOf({ metadata }: KubeObject): string {
  const name = metadata?.name ?? metadata?.generateName;
  if (name === undefined) return 'a manifest without a name';
  return JSON.stringify(metadata?.namespace === undefined ? name : `${metadata.namespace}/${name}`);
}

const isList = <T>(what: T | readonly T[]): what is readonly T[] => Array.isArray(what);

/** To apply a manifest again may make its manager own what it did not, and change nothing else: nothing was left to do. */
function sameButForManagers(before: Stored<KubeObject>, after: Stored<KubeObject>): boolean {
  const { resourceVersion } = before.metadata;
  if (resourceVersion === after.metadata.resourceVersion) return true;
  const managedFields = undefined;
  return deepEqual(
    { ...before, metadata: { ...before.metadata, managedFields } },
    { ...after, metadata: { ...after.metadata, managedFields, resourceVersion } },
  );
}

const runOptions: Readonly<Record<keyof RunOptions, true>> = {
  args: true,
  command: true,
  env: true,
  labels: true,
  namespace: true,
  port: true,
  replicas: true,
};
const exposeOptions: Readonly<Record<keyof ExposeOptions, true>> = { name: true, port: true, protocol: true, targetPort: true, type: true };

const isHandle = (what: Applicable): what is Handle<KubeObject> => 'descriptor' in what;

/** The objects in a text of YAML documents; empty documents are none. */
async function documentsOf(text: string, { fieldValidation = 'Strict', onWarning }: WriteOptions): Promise<readonly KubeObject[]> {
  const { parseYamlDocuments } = await import('./api/yaml.ts');
  const documents = parseYamlDocuments(text);
  const twice = documents.flatMap(({ duplicateKeys }) => duplicateKeys);
  if (twice.length > 0 && fieldValidation === 'Strict') throw new BadRequestError(`error strict decoding YAML: ${twice.join(', ')}`);
  if (fieldValidation === 'Warn') for (const one of twice) onWarning?.(one);
  return documents.flatMap(({ value }) => {
    if (value === null || value === undefined) return [];
    if (typeof value !== 'object' || Array.isArray(value))
      throw new BadRequestError(
        `expected an object in each YAML document, found ${JSON.stringify(value).slice(0, 40)} (the text itself is wanted, not the name of a file)`,
      );
    return [value as KubeObject];
  });
}

/** A `List` stands for its items. */
function itemsOf(manifest: KubeObject): readonly KubeObject[] {
  const { items } = manifest as { readonly items?: readonly KubeObject[] };
  return manifest.kind === 'List' && manifest.apiVersion === 'v1' ? (items ?? []) : [manifest];
}

function manifestOf(what: Applicable): KubeObject {
  if (typeof what !== 'object' || what === null)
    throw new BadRequestError(`expected handles, manifests, or the text of YAML documents, found ${String(what)}`);
  return isHandle(what) ? what.manifest : what;
}
