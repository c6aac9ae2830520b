import type { HorizontalPodAutoscalerManifest, V2HorizontalPodAutoscalerManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored, StoredObject } from '../api/object.ts';
import { validateNonNegative } from './field-checks.ts';
import { autoscalerColumns } from './horizontal-pod-autoscaler/hpa-columns.ts';
import { fromV1, toV1 } from './horizontal-pod-autoscaler/hpa-conversion.ts';
import { defaultAutoscalerSpec } from './horizontal-pod-autoscaler/hpa-defaults.ts';
import { validateAutoscaler } from './horizontal-pod-autoscaler/hpa-validation.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';
import { currentMetrics, type AutoscalerMetric } from './horizontal-pod-autoscaler/hpa-metrics.ts';

const names = {
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
} as const;

export const horizontalPodAutoscalerKind: KindDescriptor<V2HorizontalPodAutoscalerManifest> = {
  ...names,
  version: 'v2',
  model: 'V2HorizontalPodAutoscaler',
  applyDefaults: ({ spec }) => {
    if (spec !== undefined && !Object.isFrozen(spec)) defaultAutoscalerSpec(spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { currentReplicas: 0, desiredReplicas: 0 };
  },
  validate: validateAutoscaler,
  validateStatusUpdate: ({ status }, _old, errors) => {
    validateNonNegative(status?.currentReplicas, 'status.currentReplicas', errors);
    validateNonNegative(status?.desiredReplicas, 'status.desiredReplicas', errors);
  },
  columns: autoscalerColumns,
};

/** The same objects under autoscaling/v1, which knows only a target for the CPU. */
export const horizontalPodAutoscalerV1Kind: KindDescriptor<HorizontalPodAutoscalerManifest> = {
  ...names,
  version: 'v1',
  model: 'HorizontalPodAutoscaler',
  storedAs: {
    kind: horizontalPodAutoscalerKind as KindDescriptor,
    fromStored: (object) => toV1(object as unknown as Stored<V2HorizontalPodAutoscalerManifest>) as unknown as StoredObject,
    toStored: (object) => fromV1(object as HorizontalPodAutoscalerManifest),
  },
  columns: autoscalerColumns.map((column) => ({
    ...column,
    cell: (object: Stored<HorizontalPodAutoscalerManifest>, nowMs: number) =>
      column.cell(fromV1(object) as unknown as Stored<V2HorizontalPodAutoscalerManifest>, nowMs),
  })),
};

/**
 * Finds the right number of Pods by what they are measured to do.
 * Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
 */
export class HorizontalPodAutoscaler extends Handle<V2HorizontalPodAutoscalerManifest> {
  constructor(manifest: V2HorizontalPodAutoscalerManifest, client?: Client) {
    super(horizontalPodAutoscalerKind, manifest, client);
  }

  get spec(): NonNullable<V2HorizontalPodAutoscalerManifest['spec']> {
    return this.object.spec!;
  }

  get status(): Partial<NonNullable<V2HorizontalPodAutoscalerManifest['status']>> {
    return this.object.status ?? {};
  }

  /** What was measured when it last looked, beside what is aimed at. */
  metrics(): readonly AutoscalerMetric[] {
    return currentMetrics(this.spec, this.object.status);
  }
}
