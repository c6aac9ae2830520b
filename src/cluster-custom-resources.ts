import { CustomRules, rulesOf } from './api/custom/custom-rules.ts';
import { defineCustomModels } from './api/custom/custom-model.ts';
import type { CustomSchema } from './api/custom/custom-schema.ts';
import { CustomStructure } from './api/custom/custom-structure.ts';
import type { Identity } from './api/client.ts';
import type { CustomResourceDefinitionManifest } from './api/generated/models.ts';
import { namespacePrefix } from './api/keys.ts';
import type { KindDescriptor } from './api/kind.ts';
import type { KindIndex } from './api/kind-index.ts';
import type { KubeObject, Stored } from './api/object.ts';
import type { ObjectDecoder } from './api/object-decoder.ts';
import type { Registry } from './api/registry.ts';
import type { SchemaTable } from './api/schema.ts';
import type { View, ViewChange } from './api/view.ts';
import type { Clock } from './env/clock.ts';
import type { Logger } from './env/logger.ts';
import { ApiError } from './errors.ts';
import { customResourceKinds, type CustomResourceKind } from './kinds/custom-resource.ts';
import { customResourceDefinitionKind } from './kinds/custom-resource-definition.ts';
import { namesConflict, withConditions } from './kinds/custom-resource-status.ts';
import type { Store, StoreChange } from './stores/store.ts';

type Definition = Stored<CustomResourceDefinitionManifest>;

const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
const identity: Identity = { name: 'system:apiextensions', groups: ['system:masters'], role: 'controller' };

export interface CustomResourcesParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly view: View;
  readonly kinds: KindIndex;
  readonly schema: SchemaTable;
  readonly decoder: ObjectDecoder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of objects that were in the store before their kind was known. */
  readonly onFound: (changes: readonly ViewChange[]) => void;
}

interface Known {
  readonly generation: number;
  readonly kinds: readonly CustomResourceKind[];
  readonly models: readonly string[];
}

/**
 * Makes the kinds that CustomResourceDefinitions describe known to the whole cluster, as soon as a definition is stored, and forgets
 * them, with their objects, when it goes.
 *
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
export class ClusterCustomResources {
  readonly #parts: CustomResourcesParts;
  readonly #known = new Map<string, Known>();
  /** What is done for a definition, one thing after the other. */
  readonly #work = new Map<string, Promise<void>>();
  #closed = false;

  constructor(parts: CustomResourcesParts) {
    this.#parts = parts;
  }

  /** To be told of all changes, before anybody looks for the kinds. */
  onChanges(changes: readonly ViewChange[]): void {
    for (const { kind, object, type } of changes) {
      if (kind.kind === 'CustomResourceDefinition' && kind.group === 'apiextensions.k8s.io') {
        if (type === 'deleted') this.#forget(object.metadata.name);
        else this.#note(object as Definition);
      } else if (type === 'deleted' && kind.openapi !== undefined) this.#later(`${kind.plural}.${kind.group}`);
    }
  }

  /** Resolves when everything that is known of has been done. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work.values());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  #note(definition: Definition): void {
    const { name, generation = 1 } = definition.metadata;
    if (this.#known.get(name)?.generation !== generation && !this.#needsRules(definition) && this.#accepted(definition))
      this.#make(definition, undefined);
    this.#later(name);
  }

  #needsRules({ spec }: Definition): boolean {
    return spec!.versions.some(({ schema }) => rulesOf((schema?.openAPIV3Schema ?? {}) as CustomSchema, '').length > 0);
  }

  #accepted(definition: Definition): boolean {
    return this.#known.has(definition.metadata.name) || namesConflict(definition, this.#parts.kinds.all()) === undefined;
  }

  #make(definition: Definition, rules: CustomRules | undefined): void {
    const { kinds, view, schema, decoder } = this.#parts;
    const { name, generation = 1 } = definition.metadata;
    const before = this.#known.get(name);
    if (before !== undefined) this.#takeBack(before);
    const made = customResourceKinds(definition, { rules });
    const models: string[] = [];
    const metadata = decoder.structure({ model: 'ObjectMeta' });
    for (const { kind, schema: own, served, stored } of made) {
      models.push(...defineCustomModels(schema, kind.model, own));
      decoder.use(kind.model, new CustomStructure(own, metadata));
      if (stored) view.addKind(kind);
      if (served) kinds.add(kind);
    }
    this.#known.set(name, { generation, kinds: made, models });
  }

  #takeBack({ kinds, models }: Known): void {
    for (const { kind } of kinds) {
      this.#parts.kinds.remove(kind);
      this.#parts.decoder.forget(kind.model);
    }
    for (const model of models) this.#parts.schema.forget(model);
  }

  #forget(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    this.#known.delete(name);
    this.#takeBack(known);
    for (const { kind, stored } of known.kinds) if (stored) this.#parts.view.removeKind(kind);
  }

  /** Does what takes time, one definition at a time. */
  #later(name: string): void {
    if (this.#closed) return;
    const work = (this.#work.get(name) ?? Promise.resolve())
      .then(() => this.#bringOn(name))
      .catch((error: unknown) => {
        // Somebody else was quicker: what he did is told as a change, and then it is looked at again.
        if (!(error instanceof ApiError && (error.status === 409 || error.status === 404)))
          this.#parts.logger.error({ definition: name, error: String(error) }, 'a custom resource could not be brought on');
      })
      .finally(() => {
        if (this.#work.get(name) === work) this.#work.delete(name);
      });
    this.#work.set(name, work);
  }

  async #bringOn(name: string): Promise<void> {
    const definition = this.#parts.view.get(customResourceDefinitionKind, undefined, name);
    if (definition === undefined || this.#closed) return;
    const { generation = 1 } = definition.metadata;
    if (this.#known.get(name)?.generation !== generation && this.#accepted(definition)) {
      const { CelExpression } = await import('./api/cel.ts');
      this.#make(definition, new CustomRules((source, schema) => CelExpression.compile(source, schema)));
    }
    await this.#findObjects(name);
    if (definition.metadata.deletionTimestamp !== undefined) await this.#cleanUp(definition);
    else await this.#tellStatus(definition);
  }

  /** Objects that were stored before this process knew their kind. */
  async #findObjects(name: string): Promise<void> {
    const { store, view, onFound } = this.#parts;
    const kind = this.#known.get(name)?.kinds.find(({ stored }) => stored)?.kind;
    if (kind === undefined || view.sideTable('custom-kinds').has(name)) return;
    view.sideTable<true>('custom-kinds').set(name, true);
    const { entries } = await store.list(namespacePrefix(kind, undefined));
    const unseen = entries.filter(({ value }) => {
      const { metadata } = value as KubeObject;
      return view.get(kind, metadata?.namespace, metadata?.name ?? '') === undefined;
    });
    if (unseen.length > 0)
      onFound(view.ingest(unseen.map((entry): StoreChange => ({ type: 'put', key: entry.key, entry, previous: undefined }))));
  }

  async #tellStatus(definition: Definition): Promise<void> {
    const { registry, clock, kinds } = this.#parts;
    const { name, finalizers = [] } = definition.metadata;
    // Before anybody is told that objects can be made; that it is there now brings us here again.
    if (!finalizers.includes(cleanupFinalizer)) return this.#setFinalizers(name, [...finalizers, cleanupFinalizer]);
    const others = kinds.all().filter((kind) => `${kind.plural}.${kind.group}` !== name);
    const told = withConditions(definition, namesConflict(definition, others), clock.now());
    if (told !== definition) await registry.updateStatus(customResourceDefinitionKind as KindDescriptor, told as KubeObject, { identity });
  }

  /** All objects go first, then the definition. */
  async #cleanUp(definition: Definition): Promise<void> {
    const { registry, view } = this.#parts;
    const { name, finalizers = [] } = definition.metadata;
    const kind = this.#known.get(name)?.kinds.find(({ stored }) => stored)?.kind;
    const objects = kind === undefined ? [] : view.list(kind);
    for (const { metadata } of objects)
      if (metadata.deletionTimestamp === undefined)
        await registry.delete(kind!, { namespace: metadata.namespace, name: metadata.name }, { identity }).catch(unlessGone);
    const left = kind === undefined ? 0 : view.count(kind);
    if (left === 0 && finalizers.includes(cleanupFinalizer))
      await this.#setFinalizers(
        name,
        finalizers.filter((each) => each !== cleanupFinalizer),
      );
  }

  async #setFinalizers(name: string, finalizers: readonly string[]): Promise<void> {
    const kind = customResourceDefinitionKind as KindDescriptor;
    await this.#parts.registry.patch(
      kind,
      { namespace: undefined, name },
      { type: 'merge', patch: { metadata: { finalizers } } },
      { identity },
    );
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}
