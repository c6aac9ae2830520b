import type { IndexKind } from '../../api/derived-index.ts';
import type { V2HorizontalPodAutoscalerManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KindIndex } from '../../api/kind-index.ts';
import { indexedLabel } from '../../api/matching.ts';
import type { KubeObject, Stored, StoredObject } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { selectorOf, targetOf } from '../../kinds/horizontal-pod-autoscaler/hpa-target.ts';
import { horizontalPodAutoscalerKind } from '../../kinds/horizontal-pod-autoscaler.ts';
import type { Pod } from '../pods.ts';

type Autoscaler = Stored<V2HorizontalPodAutoscalerManifest>;

const byTargetKind: IndexKind<V2HorizontalPodAutoscalerManifest> = {
  kind: horizontalPodAutoscalerKind,
  keyOf: ({ metadata, spec }) => spec && `${metadata.namespace ?? ''} ${spec.scaleTargetRef.kind}`,
};
const byTarget: IndexKind<V2HorizontalPodAutoscalerManifest> = {
  kind: horizontalPodAutoscalerKind,
  keyOf: ({ metadata, spec }) => spec && `${metadata.namespace ?? ''} ${spec.scaleTargetRef.kind} ${spec.scaleTargetRef.name}`,
};
/** Where a target is whose selector names no single value of any label: it may have any Pod. */
const anyLabel = '*';

/** Finds the autoscalers that would scale the same Pods, by what selectors and Pods have in common, so that not each is compared with each. */
export class Rivals {
  readonly #kinds: KindIndex;
  /** Of each kind that can be scaled: its objects by a label that their selectors ask for. */
  readonly #bySelector = new WeakMap<KindDescriptor, IndexKind>();

  constructor(kinds: KindIndex) {
    this.#kinds = kinds;
  }

  /** The others whose target selects one of these Pods. */
  of(view: ViewReader, { metadata: { namespace = '', uid } }: Autoscaler, pods: readonly Pod[]): readonly Autoscaler[] {
    const wanted = new Set([anyLabel]);
    // The Pods of a template share their labels.
    const labelSets = new Set(pods.map(({ metadata }) => metadata.labels));
    for (const labels of labelSets) for (const [key, value] of Object.entries(labels ?? {})) wanted.add(`${key}=${value}`);
    const rivals: Autoscaler[] = [];
    for (const kind of this.#kinds.all()) {
      if (kind.scale === undefined || view.countIndexed(byTargetKind, `${namespace} ${kind.kind}`) === 0) continue;
      const index = this.#selectorIndex(kind);
      for (const label of wanted) {
        for (const { metadata } of view.indexed(index, `${namespace} ${label}`)) {
          for (const other of view.indexed(byTarget, `${namespace} ${kind.kind} ${metadata?.name ?? ''}`)) {
            const target = other.metadata.uid === uid ? '' : targetOf(view, this.#kinds, other);
            // Kinds of different groups may have one name.
            if (typeof target === 'string' || target.kind !== kind) continue;
            if ([...labelSets].some((labels) => target.matcher?.matches(labels) === true)) rivals.push(other);
          }
        }
      }
    }
    return rivals;
  }

  #selectorIndex(kind: KindDescriptor): IndexKind {
    let index = this.#bySelector.get(kind);
    if (index !== undefined) return index;
    const keyOf = (object: Stored<KubeObject>): string | undefined => {
      const matcher = selectorOf(kind, object as StoredObject);
      if (matcher === undefined || matcher.matchesNothing) return undefined;
      const label = indexedLabel(matcher);
      return `${object.metadata.namespace ?? ''} ${label === undefined ? anyLabel : `${label.key}=${label.values[0]}`}`;
    };
    this.#bySelector.set(kind, (index = { kind, keyOf }));
    return index;
  }
}
