import type { Container, ContainerStatus, PodManifest, PodSpec, PodStatus } from '../api/generated/models.ts';
import { deepFreeze, type Stored } from '../api/object.ts';

type Metadata = NonNullable<PodManifest['metadata']>;

const moment = '2030-01-01T00:00:00Z';

/**
 * Makes Pods for tests: each step gives a new builder. Unless told otherwise a Pod is in `default`, bound to no node, Pending, and has
 * one container `main` of image `main:1`.
 *
 * @example
 * const pod = aPod('web-1').on('n1').labelled({ app: 'web' }).running().stored();
 */
export class PodBuilder {
  readonly #metadata: Metadata;
  readonly #spec: PodSpec;
  readonly #status: PodStatus;

  constructor(metadata: Metadata, spec: PodSpec, status: PodStatus) {
    this.#metadata = metadata;
    this.#spec = spec;
    this.#status = status;
  }

  in(namespace: string): PodBuilder {
    return this.metadata({ namespace });
  }

  /** Bound to a node. */
  on(nodeName: string): PodBuilder {
    return this.spec({ nodeName });
  }

  labelled(labels: Readonly<Record<string, string>>): PodBuilder {
    return this.metadata({ labels });
  }

  /** With these containers and no others; image `<name>:1` unless given. */
  containers(...containers: readonly (string | Partial<Container>)[]): PodBuilder {
    return this.spec({ containers: containers.map(container) });
  }

  /** With these init containers; `restartPolicy: 'Always'` makes one a sidecar. */
  init(...containers: readonly (string | Partial<Container>)[]): PodBuilder {
    return this.spec({ initContainers: containers.map(container) });
  }

  spec(patch: Partial<PodSpec>): PodBuilder {
    return new PodBuilder(this.#metadata, { ...this.#spec, ...patch }, this.#status);
  }

  metadata(patch: Partial<Metadata>): PodBuilder {
    return new PodBuilder({ ...this.#metadata, ...patch }, this.#spec, this.#status);
  }

  status(patch: PodStatus): PodBuilder {
    return new PodBuilder(this.#metadata, this.#spec, { ...this.#status, ...patch });
  }

  /** Running since the start of 2030 with the address 10.0.0.1; ready unless told otherwise. */
  running({ ready = true, restartCount = 0 }: { readonly ready?: boolean; readonly restartCount?: number } = {}): PodBuilder {
    const status = ready ? 'True' : 'False';
    const containerStatuses = this.#spec.containers.map(({ name, image = '' }): ContainerStatus => ({
      name,
      image,
      imageID: image,
      containerID: `test://${name}`,
      ready,
      started: true,
      restartCount,
      state: { running: { startedAt: moment } },
    }));
    const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status, lastTransitionTime: moment }));
    return this.status({
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      startTime: moment,
      containerStatuses,
      conditions,
    });
  }

  succeeded(): PodBuilder {
    return this.status({ phase: 'Succeeded' });
  }

  failed(reason?: string): PodBuilder {
    return this.status({ phase: 'Failed', ...(reason === undefined ? {} : { reason }) });
  }

  /** Marked for deletion, with so much grace. */
  deleted(graceSeconds = 30): PodBuilder {
    return this.metadata({ deletionTimestamp: moment, deletionGracePeriodSeconds: graceSeconds });
  }

  /** As one would hand it to `create`. */
  manifest(): PodManifest {
    return deepFreeze({ apiVersion: 'v1', kind: 'Pod', metadata: this.#metadata, spec: this.#spec });
  }

  /** As it comes out of the API: with a uid that follows from its name, and its status. */
  stored(): Stored<PodManifest> {
    const { name = '', namespace = '' } = this.#metadata;
    const metadata = { uid: `uid-${namespace}-${name}`, resourceVersion: '1', creationTimestamp: moment, ...this.#metadata, name };
    return deepFreeze({ apiVersion: 'v1', kind: 'Pod', metadata, spec: this.#spec, status: this.#status });
  }
}

function container(given: string | Partial<Container>): Container {
  const { name = 'main', ...rest } = typeof given === 'string' ? { name: given } : given;
  return { name, image: `${name}:1`, ...rest };
}

/** A Pod to be built. */
export function aPod(name: string): PodBuilder {
  return new PodBuilder({ name, namespace: 'default' }, { containers: [container('main')] }, { phase: 'Pending' });
}
