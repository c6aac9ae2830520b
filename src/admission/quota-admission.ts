import type { AdmissionRequest, AdmissionStep } from '../api/admission.ts';
import type { Identity } from '../api/client.ts';
import type { PodManifest, ResourceQuotaManifest } from '../api/generated/models.ts';
import { deepFreeze, type KubeObject, type Stored, type StoredObject } from '../api/object.ts';
import type { Quantity } from '../api/quantity.ts';
import type { Registry } from '../api/registry.ts';
import { forbidden } from '../api/status-errors.ts';
import type { View } from '../api/view.ts';
import type { Clock } from '../env/clock.ts';
import { ApiError } from '../errors.ts';
import { missingInContainers } from '../kinds/quota/pod-usage.ts';
import { pendingChargesTable, quotaCovers, resourcesCountedBy, usageOf, type PendingCharge } from '../kinds/quota/quota-usage.ts';
import { addAmounts, amountsText, maskAmounts, readAmounts, writeAmounts, type ResourceAmounts } from '../kinds/quota/resource-amounts.ts';
import { resourceQuotaKind } from '../kinds/resource-quota.ts';

type Quota = Stored<ResourceQuotaManifest>;

/** So often a charge is tried again when somebody else changed the quota meanwhile. */
const attemptsMax = 5;

/** Milliseconds within which an admitted object is in the store, or never will be. */
const pendingMs = 10_000;

/** It speaks for the user who writes, whoever leads. */
const identity: Identity = { name: 'system:quota', groups: [], role: 'controller', unfenced: true };

/** Kinds whose changes, too, are charged: what they ask for may grow. */
const chargedOnUpdate: ReadonlySet<string> = new Set(['Service', 'PersistentVolumeClaim']);

/**
 * Charges new objects to the ResourceQuotas of their namespace before they are stored, and refuses what would exceed one.
 * Charges of one namespace come one after the other, each with compare-and-swap, so that two creates cannot share what is left.
 * Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export class QuotaAdmission {
  readonly #registry: () => Registry;
  readonly #view: View;
  readonly #clock: Clock;
  readonly #turns = new Map<string, Promise<void>>();

  constructor(parts: { readonly registry: () => Registry; readonly view: View; readonly clock: Clock }) {
    this.#registry = parts.registry;
    this.#view = parts.view;
    this.#clock = parts.clock;
  }

  step(): AdmissionStep {
    return {
      name: 'ResourceQuota',
      validate: (request) => {
        const { namespace, operation, subresource, kind, view } = request;
        if (namespace === undefined || subresource !== '' || !kind.namespaced || operation === 'DELETE') return;
        if (operation === 'UPDATE' && (kind.group !== '' || !chargedOnUpdate.has(kind.kind))) return;
        if (view.count(resourceQuotaKind) === 0 || view.list(resourceQuotaKind, { namespace }).length === 0) return;
        return this.#inTurn(namespace, () => this.#charge(request, namespace));
      },
    };
  }

  async #inTurn(namespace: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(namespace) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(namespace, settled);
    void settled.then(() => {
      if (this.#turns.get(namespace) === settled) this.#turns.delete(namespace);
    });
    return turn;
  }

  async #charge(request: AdmissionRequest, namespace: string): Promise<void> {
    const quotas = await this.#quotas(namespace);
    // All are looked at before one is charged: a refusal costs nobody anything.
    for (const quota of quotas) charged(request, quota, this.#clock.now());
    if (request.dryRun) return;
    const before = new Map<string, string>();
    if (request.operation === 'CREATE') this.#remember(request, namespace, before);
    for (const quota of quotas) await this.#chargeOne(request, quota, before);
  }

  async #quotas(namespace: string): Promise<readonly Quota[]> {
    const known = this.#view.list(resourceQuotaKind, { namespace });
    const present = await Promise.all(
      known.map((quota) => this.#registry().current(resourceQuotaKind, { namespace, name: quota.metadata.name })),
    );
    return present.filter((quota): quota is StoredObject => quota !== undefined) as readonly Quota[];
  }

  async #chargeOne(request: AdmissionRequest, first: Quota, before: Map<string, string>): Promise<void> {
    let quota: Quota | undefined = first;
    for (let attempt = 1; quota !== undefined; attempt++) {
      const next = charged(request, quota, this.#clock.now());
      if (next === undefined) return;
      before.set(quota.metadata.uid, quota.metadata.resourceVersion);
      try {
        await this.#registry().updateStatus(resourceQuotaKind, next as KubeObject, { identity });
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return;
        if (!(error instanceof ApiError) || error.status !== 409 || attempt === attemptsMax) throw error;
      }
      const { namespace, name } = quota.metadata;
      quota = (await this.#registry().current(resourceQuotaKind, { namespace, name })) as Quota | undefined;
    }
  }

  /** Until the object is in the view, whoever counts again counts it too. */
  #remember({ kind, object }: AdmissionRequest, namespace: string, before: ReadonlyMap<string, string>): void {
    const table = this.#view.sideTable<PendingCharge>(pendingChargesTable);
    const now = this.#clock.now();
    for (const [uid, charge] of table) if (charge.until <= now || this.#view.byUid(uid) !== undefined) table.delete(uid);
    const uid = object.metadata?.uid;
    if (uid !== undefined) table.set(uid, { namespace, kind, object, until: now + pendingMs, before });
  }
}

/** The quota with the object's usage added; undefined if it is none of its business. Throws `ForbiddenError` if it is too much. */
function charged(request: AdmissionRequest, quota: Quota, now: number): Quota | undefined {
  const { kind, object } = request;
  const hard = readAmounts(quota.status?.hard);
  if (!quotaCovers(quota, hard.keys(), kind, object)) return undefined;
  const counted = resourcesCountedBy(kind, hard.keys());
  const refuse = (why: string): Error => forbidden(kind, object.metadata?.name ?? '', why);
  const missing = kind.kind === 'Pod' && kind.group === '' ? missingInContainers(object as PodManifest, counted) : undefined;
  if (missing !== undefined) throw refuse(`failed quota: ${quota.metadata.name}: ${missing}`);
  const used = readAmounts(quota.status?.used);
  const unknown = counted.filter((name) => !used.has(name));
  if (unknown.length > 0) throw refuse(`status unknown for quota: ${quota.metadata.name}, resources: ${unknown.sort().join(',')}`);
  const requested = maskAmounts(increase(request, now), hard);
  if (requested.size === 0) return undefined;
  const after = new Map(used);
  addAmounts(after, requested);
  const exceeded = new Set([...requested.keys()].filter((name) => after.get(name)!.compare(hard.get(name)!) > 0));
  if (exceeded.size > 0) {
    const text = (amounts: ResourceAmounts): string => amountsText(maskAmounts(amounts, exceeded));
    throw refuse(`exceeded quota: ${quota.metadata.name}, requested: ${text(requested)}, used: ${text(used)}, limited: ${text(hard)}`);
  }
  return deepFreeze({ ...quota, status: { ...quota.status, used: writeAmounts(after) } });
}

/** What the write adds to what is used; for an update only what grows. */
function increase({ kind, object, old, operation }: AdmissionRequest, now: number): ResourceAmounts {
  const usage = new Map(usageOf(kind, object, now));
  const before = operation === 'UPDATE' && old !== undefined ? usageOf(kind, old, now) : new Map<string, Quantity>();
  for (const [name, amount] of usage) {
    const less = before.get(name);
    const grown = less === undefined ? amount : amount.sub(less);
    if (grown.isZero || grown.isNegative) usage.delete(name);
    else usage.set(name, grown);
  }
  return usage;
}
