import type { Container, PodSpec, Volume } from '../api/generated/models.ts';
import { QuantityCache } from '../api/quantity-cache.ts';
import { PodGroup } from './pod-group.ts';
import { PodInfo, type StoredPod } from './pod-info.ts';
import { PodShape } from './pod-shape.ts';
import type { ResourceTable } from './resource-table.ts';

/** More distinct parts than this and all is forgotten: then some alike pods get a second shape, which costs time and nothing else. */
const partsMax = 20_000;

/**
 * Finds out which pods are alike. Frozen parts of a spec that pods share (those of one controller do) are recognised by identity
 * without looking inside; others by their text.
 */
export class PodInterner {
  readonly #table: ResourceTable;
  readonly #quantities = new QuantityCache();
  #byIdentity = new WeakMap<object, number>();
  #byText = new Map<string, number>();
  /** By the containers; the spec of a bound Pod is its own, what matters of it is its template's. */
  #byContainers = new WeakMap<PodSpec['containers'], SpecParts>();
  #shapes = new Map<string, PodShape>();
  #groups = new Map<string, PodGroup>();
  #partsMade = 0;
  #shapesMade = 0;
  #groupsMade = 0;

  constructor(table: ResourceTable) {
    this.#table = table;
  }

  podInfo(pod: StoredPod): PodInfo {
    const { namespace = '', labels, deletionTimestamp } = pod.metadata;
    const parts = this.#parts(pod.spec ?? noSpec);
    const group = this.#group(namespace, labels, deletionTimestamp !== undefined, pod.spec ?? noSpec, parts.relations);
    return new PodInfo(pod, parts.shape, group, parts.volumes);
  }

  /** Pods made from one template may share the whole spec until they are bound. */
  #parts(spec: PodSpec): SpecParts {
    const known = this.#byContainers.get(spec.containers);
    if (known !== undefined && alike(known.spec, spec)) return known;
    const { affinity, topologySpreadConstraints, volumes } = spec;
    const parts: SpecParts = {
      spec,
      shape: this.#shape(spec),
      relations: `${this.partId(affinity?.podAffinity)},${this.partId(affinity?.podAntiAffinity)},${this.partId(topologySpreadConstraints)}`,
      volumes: this.partId(volumes, volumesDigest),
    };
    if (Object.isFrozen(spec)) this.#byContainers.set(spec.containers, parts);
    return parts;
  }

  #group(
    namespace: string,
    labels: Readonly<Record<string, string>> = noLabels,
    terminating: boolean,
    spec: PodSpec,
    relations: string,
  ): PodGroup {
    const key = `${namespace}/${this.partId(labels)},${relations}${terminating ? ',t' : ''}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size > partsMax) this.#forget();
      group = new PodGroup(++this.#groupsMade, namespace, labels, terminating, spec);
      this.#groups.set(key, group);
    }
    return group;
  }

  #shape(spec: PodSpec): PodShape {
    const key = this.#shapeKey(spec);
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      if (this.#byText.size > partsMax || this.#shapes.size > partsMax) this.#forget();
      shape = new PodShape(++this.#shapesMade, spec, this.#quantities, this.#table);
      this.#shapes.set(key, shape);
    }
    return shape;
  }

  #shapeKey(spec: PodSpec): string {
    const { overhead, nodeSelector, affinity, tolerations } = spec;
    const containers = `${this.partId(spec.containers, containersDigest)},${this.partId(spec.initContainers, containersDigest)}`;
    return `${containers},${this.partId(overhead)},${this.partId(nodeSelector)},${this.partId(affinity?.nodeAffinity)},${this.partId(tolerations)}`;
  }

  /** The same number for parts with the same digest (unless given, the same JSON); 0 for none. */
  partId<T extends object>(part: T | undefined, digest: (part: T) => unknown = whole): number {
    if (part === undefined) return 0;
    const known = this.#byIdentity.get(part);
    if (known !== undefined) return known;
    const text = JSON.stringify(digest(part));
    let id = this.#byText.get(text);
    if (id === undefined) {
      id = ++this.#partsMade;
      this.#byText.set(text, id);
    }
    // Only what cannot change any more may be recognised without looking.
    if (Object.isFrozen(part)) this.#byIdentity.set(part, id);
    return id;
  }

  #forget(): void {
    this.#byIdentity = new WeakMap();
    this.#byText = new Map();
    this.#byContainers = new WeakMap();
    this.#shapes = new Map();
    this.#groups = new Map();
  }
}

interface SpecParts {
  readonly spec: PodSpec;
  readonly shape: PodShape;
  readonly relations: string;
  readonly volumes: number;
}

/** The same in everything of a spec that is looked at here. */
function alike(a: PodSpec, b: PodSpec): boolean {
  return (
    a === b ||
    (a.initContainers === b.initContainers &&
      a.overhead === b.overhead &&
      a.nodeSelector === b.nodeSelector &&
      a.affinity === b.affinity &&
      a.tolerations === b.tolerations &&
      a.topologySpreadConstraints === b.topologySpreadConstraints &&
      a.volumes === b.volumes)
  );
}

const noSpec: PodSpec = Object.freeze({ containers: [] });
const noLabels: Readonly<Record<string, string>> = Object.freeze({});

const whole = (part: object): unknown => part;

/** What of containers matters for where a pod goes: not their commands and environment. */
function containersDigest(containers: readonly Container[]): unknown {
  return containers.map(({ image, resources, ports, restartPolicy }) => [
    image,
    resources?.requests,
    ports?.filter(({ hostPort }) => hostPort !== undefined).map(({ hostPort, hostIP, protocol }) => [hostPort, hostIP, protocol]),
    restartPolicy,
  ]);
}

/** What of volumes matters for where a pod goes: all but those that are made from nothing, or from objects of the API, on its node. */
function volumesDigest(volumes: readonly Volume[]): unknown {
  return volumes.filter((volume) => Object.keys(volume).some((source) => !madeOnNode.has(source)));
}

const madeOnNode: ReadonlySet<string> = new Set([
  'name',
  'configMap',
  'downwardAPI',
  'emptyDir',
  'gitRepo',
  'hostPath',
  'image',
  'projected',
  'secret',
]);
