import type { FieldErrors } from '../api/field-errors.ts';
import type { NodeManifest, Quantity } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { isIpv6Address } from '../api/ip-address.ts';
import { ageColumn, column, nameColumn, orNone } from './columns.ts';
import { validateCidr } from './field-checks.ts';
import { validateResourceAmount } from './resource-names.ts';
import { validateTaints } from './taints.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { Handle } from '../api/handle.ts';
import { Pod, podKind } from './pod.ts';

type StoredNode = Stored<NodeManifest>;

const roleLabelPrefix = 'node-role.kubernetes.io/';
const roleLabel = 'kubernetes.io/role';

function validateResources(resources: Readonly<Record<string, Quantity>> | undefined, path: string, errors: FieldErrors): void {
  for (const [name, amount] of Object.entries(resources ?? {})) validateResourceAmount(name, amount, `${path}.${name}`, errors);
}

function validatePodCidrs(ranges: readonly string[], errors: FieldErrors): void {
  for (const [i, range] of ranges.entries()) {
    validateCidr(range, `spec.podCIDRs[${i}]`, errors);
    if (ranges.indexOf(range) < i) errors.duplicate(`spec.podCIDRs[${i}]`, range);
  }
  const sixes = ranges.filter((range) => isIpv6Address(range.split('/')[0]!)).length;
  if (ranges.length > 2 || sixes > 1 || ranges.length - sixes > 1) {
    errors.invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family');
  }
}

/** Kubernetes says `metadata.taints` for the taints of the spec. */
function validate(node: NodeManifest, errors: FieldErrors): void {
  validateTaints(node.spec?.taints ?? [], 'metadata.taints', errors);
  validateResources(node.status?.capacity, 'status.capacity', errors);
  validateResources(node.status?.allocatable, 'status.allocatable', errors);
  validatePodCidrs(node.spec?.podCIDRs ?? [], errors);
  if (node.spec?.configSource !== undefined) errors.forbidden('spec.configSource', 'is not supported');
}

function validateUpdate(node: NodeManifest, old: NodeManifest, errors: FieldErrors): void {
  const found = errors.causes.length;
  const before = old.spec?.podCIDRs ?? [];
  const now = node.spec?.podCIDRs ?? [];
  if (before.length > 0 && (before.length !== now.length || before.some((range, i) => range !== now[i]))) {
    errors.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  }
  const provider = old.spec?.providerID ?? '';
  if (provider !== '' && provider !== node.spec?.providerID) {
    errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  }
  if ((old.spec?.externalID ?? '') !== (node.spec?.externalID ?? '')) errors.forbidden('spec.externalID', 'may not be updated');
  // Of no field in particular: Kubernetes writes the empty path like this.
  if (errors.causes.length > found) errors.forbidden('[]', onlyMayChange);
  validateAddresses(node, errors);
}

const onlyMayChange =
  'node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)';

function validateAddresses(node: NodeManifest, errors: FieldErrors): void {
  const addresses = node.status?.addresses ?? [];
  for (const [i, address] of addresses.entries()) {
    const first = addresses.findIndex(({ type, address: text }) => type === address.type && text === address.address);
    if (first < i) errors.duplicate(`status.addresses[${i}]`, address);
  }
}

function statusText(node: StoredNode): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (node.spec?.unschedulable === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function rolesText(node: StoredNode): string {
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(roleLabelPrefix)) return key.length > roleLabelPrefix.length ? [key.slice(roleLabelPrefix.length)] : [];
    return key === roleLabel && value !== '' ? [value] : [];
  });
  return orNone(roles.sort().join(','));
}

function addressText(node: StoredNode, type: string): string {
  return orNone(node.status?.addresses?.find((address) => address.type === type)?.address);
}

const orUnknown = (text: string | undefined): string => (text === undefined || text === '' ? '<unknown>' : text);

export const nodeKind: KindDescriptor<NodeManifest> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  model: 'Node',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  keepsStatusOnCreate: true,
  applyDefaults: (draft) => {
    draft.spec ??= {};
    if (!Object.isFrozen(draft.spec)) {
      const first = draft.spec.podCIDR || draft.spec.podCIDRs?.[0];
      if (first !== undefined && first !== '') {
        draft.spec.podCIDR = first;
        draft.spec.podCIDRs ??= [first];
      }
    }
    const status = draft.status;
    if (status?.capacity !== undefined && status.allocatable === undefined && !Object.isFrozen(status))
      status.allocatable = { ...status.capacity };
  },
  // The defaults are all there is to do.
  prepareForStatusUpdate: () => undefined,
  validate,
  validateUpdate,
  validateStatusUpdate: (node, old, errors) => {
    validate(node, errors);
    validateUpdate(node, old, errors);
  },
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    column('Status', statusText),
    column('Roles', rolesText),
    ageColumn,
    column('Version', (node) => node.status?.nodeInfo?.kubeletVersion ?? ''),
    column('Internal-IP', (node) => addressText(node, 'InternalIP'), { wide: true }),
    column('External-IP', (node) => addressText(node, 'ExternalIP'), { wide: true }),
    column('OS-Image', (node) => orUnknown(node.status?.nodeInfo?.osImage), { wide: true }),
    column('Kernel-Version', (node) => orUnknown(node.status?.nodeInfo?.kernelVersion), { wide: true }),
    column('Container-Runtime', (node) => orUnknown(node.status?.nodeInfo?.containerRuntimeVersion), { wide: true }),
  ],
};

/**
 * A machine, or what stands for one, that runs Pods.
 * Source: https://kubernetes.io/docs/concepts/architecture/nodes/
 */
export class Node extends Handle<NodeManifest> {
  constructor(manifest: NodeManifest, client?: Client) {
    super(nodeKind, manifest, client);
  }

  get spec(): NonNullable<NodeManifest['spec']> {
    return this.object.spec ?? {};
  }

  get status(): NonNullable<NodeManifest['status']> {
    return this.object.status ?? {};
  }

  get ready(): boolean {
    return this.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
  }

  /** The Pods bound to it. */
  pods(): readonly Pod[] {
    return this.client
      .list(podKind, { fieldSelector: `spec.nodeName=${this.name}` })
      .map((pod) => new Pod(pod, this.client).bind(this.client, pod));
  }

  /** No new Pods. */
  cordon(): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { unschedulable: true } } });
  }

  uncordon(): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { unschedulable: null } } });
  }

  /** Cordons the node, evicts its Pods as their disruption budgets allow, and waits until they are gone. Pods of DaemonSets stay. An
   * eviction that a budget forbids is tried again as soon as the budget changes. Rejects with `WaitTimeoutError` after `timeoutMs`.
   */
  async drain(options: WaitOptions & { readonly gracePeriodSeconds?: number } = {}): Promise<this> {
    await this.cordon();
    const leaving = this.pods().filter((pod) => !ownedByDaemonSet(pod) && pod.phase !== 'Succeeded' && pod.phase !== 'Failed');
    // All at once: one that its budget holds back keeps no other waiting.
    await Promise.all(
      leaving.map(async (pod) => {
        await this.client.evict({ namespace: pod.namespace, name: pod.name }, options);
        await pod.waitForDeletion({
          ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
      }),
    );
    return this;
  }

  waitFor(condition: 'Ready' | 'NotReady', options: WaitOptions = {}): Promise<this> {
    return this.client.waitFor(
      `${this.what} to be ${condition}`,
      () => (this.ready === (condition === 'Ready') ? this : undefined),
      () => this.evidence(),
      options,
    );
  }
}

const ownedByDaemonSet = (pod: Pod): boolean => pod.metadata.ownerReferences?.some((owner) => owner.kind === 'DaemonSet') === true;
