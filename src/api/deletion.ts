import type { Instant } from '../env/clock.ts';
import type { DeleteOptions } from './client.ts';
import type { KindDescriptor } from './kind.ts';
import type { StoredMeta, StoredObject } from './object.ts';
import { formatTime, parseTime } from './time.ts';

/** What a delete does: nothing more, a marked object, or the end of it. */
export type Deletion = { readonly remove: boolean; readonly object: StoredObject };

/** Finalizers a propagation policy stands for. */
const foreground = 'foregroundDeletion';
const orphan = 'orphan';

/** What is asked for; else what a finalizer says that is there already; else what the kind has always done. */
function policyOf(kind: KindDescriptor, finalizers: readonly string[], options: DeleteOptions): DeleteOptions['propagationPolicy'] {
  if (options.propagationPolicy !== undefined || kind.orphansByDefault !== true) return options.propagationPolicy;
  // The cluster's own parts mean what they ask: they do not rely on the defaults of old clients.
  const role = options.identity?.role ?? 'host';
  const settled = finalizers.includes(foreground) || finalizers.includes(orphan) || (role !== 'host' && role !== 'user');
  return settled ? undefined : 'Orphan';
}

function withPropagation(finalizers: readonly string[], policy: DeleteOptions['propagationPolicy']): readonly string[] {
  if (policy === undefined) return finalizers;
  const rest = finalizers.filter((f) => f !== foreground && f !== orphan);
  const next = policy === 'Foreground' ? [...rest, foreground] : policy === 'Orphan' ? [...rest, orphan] : rest;
  return next.length === finalizers.length && next.every((f) => finalizers.includes(f)) ? finalizers : next;
}

/**
 * Decides what a delete leads to (Kubernetes' rules of graceful deletion): an object goes at once unless it has grace left, or
 * finalizers, or, for a namespace, content that must go first. A second delete may shorten the grace, never lengthen it.
 */
export function decideDeletion(kind: KindDescriptor, old: StoredObject, options: DeleteOptions, now: Instant): Deletion {
  const before = old.metadata.finalizers ?? [];
  const finalizers = withPropagation(before, policyOf(kind, before, options));
  const own = kind.gracePeriodSeconds?.(old as never);
  // An object that has no grace of its own (0) goes at once whatever is asked: an unbound or finished pod.
  const asked = own === undefined || own === 0 ? 0 : Math.max(0, options.gracePeriodSeconds ?? own);
  const held = finalizers.length > 0 || hasSpecFinalizers(old);
  const meta = old.metadata;
  if (meta.deletionTimestamp !== undefined) {
    const left = meta.deletionGracePeriodSeconds ?? 0;
    const shorter = options.gracePeriodSeconds !== undefined || own === 0 ? Math.min(left, asked) : left;
    if (shorter === 0 && !held)
      return {
        remove: true,
        object: own === undefined ? old : marked(old, finalizers, Math.min(parseTime(meta.deletionTimestamp), now), 0, false),
      };
    if (shorter === left && finalizers === (meta.finalizers ?? finalizers)) return { remove: false, object: old };
    const at = parseTime(meta.deletionTimestamp) - (left - shorter) * 1000;
    return { remove: false, object: marked(old, finalizers, shorter === 0 ? Math.min(at, now) : at, shorter, false) };
  }
  // A namespace is marked first even if nothing holds it: its end is the namespace controller's.
  if (asked === 0 && !held && !isNamespace(old))
    return { remove: true, object: own === undefined ? old : marked(old, finalizers, now, 0, false) };
  return { remove: false, object: marked(old, finalizers, now + asked * 1000, asked, true) };
}

/** True if an update has taken away the last thing that kept a deleted object. */
export function isReleased(object: StoredObject): boolean {
  const meta = object.metadata;
  return (
    meta.deletionTimestamp !== undefined &&
    (meta.deletionGracePeriodSeconds ?? 0) === 0 &&
    (meta.finalizers ?? []).length === 0 &&
    !hasSpecFinalizers(object)
  );
}

const isNamespace = (object: StoredObject): boolean => object.kind === 'Namespace' && object.apiVersion === 'v1';

/** A namespace is kept by `spec.finalizers` besides its metadata. */
function hasSpecFinalizers(object: StoredObject): boolean {
  if (!isNamespace(object)) return false;
  return ((object.spec as { readonly finalizers?: readonly string[] } | undefined)?.finalizers ?? []).length > 0;
}

function marked(old: StoredObject, finalizers: readonly string[], at: Instant, seconds: number, first: boolean): StoredObject {
  const metadata: StoredMeta = {
    ...old.metadata,
    deletionTimestamp: formatTime(at),
    // A namespace has no grace: its end is its controller's.
    ...(isNamespace(old) ? {} : { deletionGracePeriodSeconds: seconds }),
    ...(first && old.metadata.generation !== undefined ? { generation: old.metadata.generation + 1 } : {}),
    ...(finalizers.length > 0 ? { finalizers } : {}),
  };
  if (finalizers.length === 0 && old.metadata.finalizers !== undefined) delete (metadata as { finalizers?: unknown }).finalizers;
  if (old.kind === 'Namespace') return { ...old, metadata, status: { ...(old.status as object | undefined), phase: 'Terminating' } };
  return { ...old, metadata };
}
