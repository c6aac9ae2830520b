import { deepFreeze } from './object.ts';

const textsMax = 256;
const boundMax = 2048;
/** Longer texts are rarely the same, and should not be held. */
const charactersMax = 16 * 1024;

/**
 * Gives specs that say the same one frozen object. Whoever makes a thousand Pods of one template over the wire sends the spec a
 * thousand times; what was defaulted, checked and remembered of the first by its identity holds for the others, and one is stored.
 */
export class SharedSpecs {
  /** By its JSON text; undefined: seen once, so that what never comes again is not copied. Those that nobody used for longest go first. */
  readonly #byText = new Map<string, object | undefined>();
  /** By the spec without a node, then by the node; when there are too many they go together. */
  readonly #bound = new Map<object, Map<string, object>>();
  #boundCount = 0;

  /** The shared object that is equal to a spec, which is JSON; the spec itself if there is none yet, or if it is frozen. */
  of(spec: object): object {
    if (Object.isFrozen(spec)) return spec;
    const text = JSON.stringify(spec);
    if (text.length > charactersMax) return spec;
    const known = this.#byText.get(text);
    if (known !== undefined) {
      this.#remember(text, known);
      return known;
    }
    if (!this.#byText.has(text)) {
      this.#remember(text, undefined);
      return spec;
    }
    // A copy: what was given may be somebody's manifest, and stays as it is.
    const shared = deepFreeze(JSON.parse(text) as object);
    this.#remember(text, shared);
    return shared;
  }

  /** A spec with the node its Pod is bound to: one for all Pods of a template on a node. */
  bound(spec: object, nodeName: string): object {
    if (this.#boundCount >= boundMax) {
      this.#bound.clear();
      this.#boundCount = 0;
    }
    let ofSpec = this.#bound.get(spec);
    if (ofSpec === undefined) this.#bound.set(spec, (ofSpec = new Map()));
    let bound = ofSpec.get(nodeName);
    if (bound === undefined) {
      ofSpec.set(nodeName, (bound = deepFreeze({ ...spec, nodeName })));
      this.#boundCount++;
    }
    return bound;
  }

  #remember(text: string, spec: object | undefined): void {
    this.#byText.delete(text);
    if (this.#byText.size >= textsMax) this.#byText.delete(this.#byText.keys().next().value!);
    this.#byText.set(text, spec);
  }
}
