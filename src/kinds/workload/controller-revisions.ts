import type { Client } from '../../api/client.ts';
import type { PodTemplateSpec } from '../../api/generated/models.ts';
import { controllerRevisionKind } from '../controller-revision.ts';
import { controlledBy } from './controlled.ts';
import type { RolloutRevision } from './rollout.ts';

export const changeCauseAnnotation = 'kubernetes.io/change-cause';

/** A version that a ControllerRevision keeps; `data` is a strategic merge patch that brings it back. */
export interface ControllerRevisionOf extends RolloutRevision {
  readonly data: object;
}

/** The versions of a DaemonSet or StatefulSet. */
export function controllerRevisions(client: Client, owner: Parameters<typeof controlledBy>[2]): readonly ControllerRevisionOf[] {
  return controlledBy(client, controllerRevisionKind, owner).map(({ metadata, revision, data }) => ({
    revision,
    name: metadata.name,
    data: data as object,
    template: (data as { readonly spec?: { readonly template?: PodTemplateSpec } }).spec?.template ?? {},
    changeCause: metadata.annotations?.[changeCauseAnnotation],
  }));
}
