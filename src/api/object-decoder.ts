import type { WriteOptions } from './client.ts';
import { acceptPatched, acceptReading } from './field-validation.ts';
import { apiVersionOf, type KindDescriptor } from './kind.ts';
import { ModelStructures } from './model-structure.ts';
import type { KubeObject } from './object.ts';
import { SchemaTable } from './schema.ts';
import type { Structure } from './structure.ts';
import { wrongKind, type KnowsKind } from './wrong-kind.ts';

/** Options of one decoding, besides those of the write. */
export interface DecodeOptions extends WriteOptions {
  /** What stood twice in the text, in words: the object does not tell. */
  readonly duplicates?: readonly string[];
  /** The object is what a patch made: what cannot be read is refused as the patch's fault, with a 422. */
  readonly patched?: boolean;
  /** The strategic merge patch that made it: refusals show it instead of what it made. */
  readonly strategicPatch?: unknown;
}

/** Reads what came from outside as objects of their kinds. Kinds that are no models bring their own structure. */
export class ObjectDecoder {
  readonly #models: ModelStructures;
  readonly #knows: KnowsKind;
  readonly #own = new Map<string, Structure>();

  /** `knows` tells another kind from one that does not exist, for the refusals. */
  constructor(table: SchemaTable = new SchemaTable(), knows: KnowsKind = () => false) {
    this.#models = new ModelStructures(table);
    this.#knows = knows;
  }

  /** The structure of a kind that the schema table does not have (a custom resource). */
  use(model: string, structure: Structure): void {
    this.#own.set(model, structure);
  }

  forget(model: string): void {
    this.#own.delete(model);
  }

  structure(kind: Pick<KindDescriptor, 'model'>): Structure {
    return this.#own.get(kind.model) ?? this.#models.of(kind.model);
  }

  /**
   * The object with its apiVersion and kind. Throws `BadRequestError` for values of a wrong type, for another kind, and, if
   * `fieldValidation` is Strict, for unknown fields; otherwise tells of those through `onWarning`.
   */
  decode(kind: KindDescriptor, raw: KubeObject, options: DecodeOptions = {}): KubeObject {
    const apiVersion = apiVersionOf(kind);
    const said = (raw as KubeObject | null | undefined) ?? {};
    const saysOther = (said.apiVersion ?? apiVersion) !== apiVersion || (said.kind ?? kind.kind) !== kind.kind;
    if (saysOther && typeof said.apiVersion === 'string' && typeof said.kind === 'string')
      throw wrongKind(kind, said.apiVersion, said.kind, this.#knows);
    const reading = this.structure(kind).read(raw);
    const validation = options.fieldValidation ?? 'Strict';
    const { value, warnings } =
      options.patched === true
        ? acceptPatched(reading, raw, validation, options.strategicPatch)
        : acceptReading(reading, kind, validation, options.duplicates);
    if (options.onWarning !== undefined) for (const warning of warnings) options.onWarning(warning);
    const object = value as KubeObject;
    return object.apiVersion === apiVersion && object.kind === kind.kind ? object : { ...object, apiVersion, kind: kind.kind };
  }
}
