import type { ControllerRevisionManifest, PodTemplateSpec } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { controllerRevisionKind } from '../kinds/controller-revision.ts';
import type { PlannedWrite } from './controller.ts';
import { controllerRef } from './pods.ts';
import { templateHash } from './template-hash.ts';

type Revision = Stored<ControllerRevisionManifest>;

/** The label by which Pods and versions are matched. */
export const revisionLabel = 'controller-revision-hash';

/** What keeps its versions as ControllerRevisions. */
export interface RevisionOwner {
  readonly kind: KindDescriptor;
  readonly owner: Stored<KubeObject>;
  readonly template: PodTemplateSpec;
  readonly collisionCount: number | undefined;
  readonly limit: number;
  /** Labels of a new version, given its hash. */
  readonly labels: (hash: string) => Readonly<Record<string, string>>;
}

/** The versions there are, and the one that is wanted. */
export interface Revisions {
  /** Oldest first. */
  readonly all: readonly Revision[];
  /** Name and hash of the version of the present template: follow from it, also before it is stored. */
  readonly name: string;
  readonly hash: string;
  /** Grows by one if the name is taken by another template: then nothing else may be decided in this pass. */
  readonly collisionCount: number | undefined;
  readonly collided: boolean;
  readonly writes: readonly PlannedWrite[];
}

/** A strategic merge patch that brings the template back. */
const dataOf = (template: PodTemplateSpec): object => ({ spec: { template: { ...template, $patch: 'replace' } } });

/** Finds the version of the present template; makes it if there is none, and moves it to the top if it is an old one. */
export function findRevision(view: ViewReader, owner: RevisionOwner): Revisions {
  const { metadata } = owner.owner;
  const all = [...view.controlledBy(controllerRevisionKind, metadata.uid)].sort(
    (a, b) => a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const data = dataOf(owner.template);
  const newest = all.at(-1);
  const same = all.filter((revision) => deepEqual(revision.data, data)).at(-1);
  const { collisionCount } = owner;
  if (same !== undefined) {
    const { name } = same.metadata;
    const bumped: PlannedWrite = { verb: 'update', kind, object: { ...same, revision: (newest?.revision ?? 0) + 1 } as KubeObject };
    return {
      all,
      name,
      hash: name.slice(metadata.name.length + 1),
      collisionCount,
      collided: false,
      writes: same === newest ? [] : [bumped],
    };
  }
  const hash = templateHash(owner.template, collisionCount);
  const name = `${metadata.name}-${hash}`;
  if (view.get(controllerRevisionKind, metadata.namespace, name) !== undefined)
    return { all, name, hash, collisionCount: (collisionCount ?? 0) + 1, collided: true, writes: [] };
  return { all, name, hash, collisionCount, collided: false, writes: [creation(owner, name, hash, data, (newest?.revision ?? 0) + 1)] };
}

const kind = controllerRevisionKind as KindDescriptor;

function creation(owner: RevisionOwner, name: string, hash: string, data: object, revision: number): PlannedWrite {
  const { namespace = '', annotations } = owner.owner.metadata;
  const object: ControllerRevisionManifest = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      namespace,
      name,
      labels: { ...owner.template.metadata?.labels, ...owner.labels(hash) },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerRef(owner.kind, owner.owner)],
    },
    data: data as NonNullable<ControllerRevisionManifest['data']>,
    revision,
  };
  return { verb: 'create', kind, object: object as KubeObject };
}

/** Deletes the oldest versions that nobody uses, so that no more than the limit are kept besides those in use. */
export function pruneRevisions(all: readonly Revision[], inUse: ReadonlySet<string>, limit: number): readonly PlannedWrite[] {
  const idle = all.filter(({ metadata }) => !inUse.has(metadata.name) && metadata.deletionTimestamp === undefined);
  return idle.slice(0, Math.max(0, idle.length - limit)).map((object) => ({ verb: 'delete', kind, object, unchanged: true }));
}
