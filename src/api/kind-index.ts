import { apiVersionOf, type KindDescriptor } from './kind.ts';

/** The kinds a cluster knows, by what they are called. Custom resources come and go. */
export class KindIndex {
  readonly #byKind = new Map<string, KindDescriptor>();
  readonly #byResource = new Map<string, KindDescriptor>();

  #changes = 0;

  /** Grows with every kind that comes or goes: what was made from the kinds is good as long as this is the same. */
  get changes(): number {
    return this.#changes;
  }

  constructor(kinds: Iterable<KindDescriptor> = []) {
    for (const kind of kinds) this.add(kind);
  }

  add(kind: KindDescriptor): void {
    this.#changes++;
    this.#byKind.set(`${apiVersionOf(kind)} ${kind.kind}`, kind);
    this.#byResource.set(`${apiVersionOf(kind)} ${kind.plural}`, kind);
  }

  remove(kind: KindDescriptor): void {
    this.#changes++;
    this.#byKind.delete(`${apiVersionOf(kind)} ${kind.kind}`);
    this.#byResource.delete(`${apiVersionOf(kind)} ${kind.plural}`);
  }

  /** `byKind('apps/v1', 'Deployment')` */
  byKind(apiVersion: string, kind: string): KindDescriptor | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`);
  }

  /** `byResource('apps/v1', 'deployments')` */
  byResource(apiVersion: string, plural: string): KindDescriptor | undefined {
    return this.#byResource.get(`${apiVersion} ${plural}`);
  }

  /** In the order in which they were added. */
  all(): readonly KindDescriptor[] {
    return [...this.#byKind.values()];
  }

  /** Kinds under which objects are stored: those that are no second name of another. */
  stored(): readonly KindDescriptor[] {
    return this.all().filter((kind) => kind.storedAs === undefined);
  }
}
