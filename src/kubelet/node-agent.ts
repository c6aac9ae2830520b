import type { LeaseManifest, NodeManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { formatMicroTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';
import type { Random } from '../env/random.ts';
import { AlreadyExistsError, ApiError, ClosedError } from '../errors.ts';
import { leaseKind } from '../kinds/lease.ts';
import { nodeKind } from '../kinds/node.ts';
import type { ImageReport, RuntimeInfo } from '../runtimes/runtime.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import { nodeManifest, nodeStatus } from './node-status.ts';
import type { NodeDescription } from './node-status.ts';

export const leaseNamespace = 'kube-node-lease';

export interface HeartbeatTimes {
  /** How often the Lease is renewed and the runtime's health asked for. 10,000. */
  readonly leaseRenewMs: number;
  /** How long the Lease is good for. 40. */
  readonly leaseDurationSeconds: number;
  /** How often the status is written though nothing has changed. 300,000. */
  readonly nodeStatusMs: number;
}

const repeatMs = 1000;
const healthTimeoutMs = 10_000;

/**
 * Speaks for the node itself: registers it, renews its Lease, writes its status when something has changed and every five minutes.
 * A node that was deleted is not registered again, as in Kubernetes, until the kubelet is started anew.
 * Source: https://kubernetes.io/docs/reference/node/node-status/#heartbeats
 */
export class NodeAgent {
  readonly #parts: KubeletParts;
  readonly #node: NodeDescription;
  readonly #info: RuntimeInfo;
  readonly #times: HeartbeatTimes;
  readonly #wake: () => void;
  readonly #phaseMs: number;
  #registered = false;
  #ready: boolean | undefined;
  #runtimeError: string | undefined;
  #images: readonly ImageReport[] = [];
  #imagesDue = true;
  /** What the runtime had to say in the status that was written last. */
  #told = '';
  #lease: Stored<LeaseManifest> | undefined;
  #renewAt: Instant = 0;
  #statusAt: Instant = 0;
  #registerAt: Instant = 0;
  readonly #busy = new Set<'register' | 'lease' | 'status' | 'health'>();

  constructor(parts: KubeletParts, node: NodeDescription, info: RuntimeInfo, times: HeartbeatTimes, random: Random, wake: () => void) {
    this.#parts = parts;
    this.#node = node;
    this.#info = info;
    this.#times = times;
    this.#wake = wake;
    // Thousands of nodes that were started together do not renew together.
    this.#phaseMs = Math.floor(random.next() * times.leaseRenewMs);
  }

  /** True once the Node object is there. */
  get registered(): boolean {
    return this.#registered;
  }

  get inFlight(): number {
    return this.#busy.size;
  }

  /** Another image is on the node: told with the next heartbeat. */
  imagesChanged(): void {
    this.#imagesDue = true;
  }

  /** Does what is due; returns when it wants to be looked at again. */
  step(now: Instant): Instant | undefined {
    if (!this.#registered) {
      if (now >= this.#registerAt && !this.#busy.has('register')) this.#begin('register', this.#register());
      return this.#busy.has('register') ? undefined : this.#registerAt;
    }
    if (now >= this.#renewAt && !this.#busy.has('lease')) {
      this.#renewAt = this.#renewAt === 0 ? now + this.#phaseMs : now + this.#times.leaseRenewMs;
      this.#begin('lease', this.#renew(now));
      if (!this.#busy.has('health')) this.#begin('health', this.#checkHealth());
    }
    if (now >= this.#statusAt && !this.#busy.has('status')) {
      this.#statusAt = now + this.#times.nodeStatusMs;
      this.#begin('status', this.#writeStatus());
    }
    return Math.min(this.#renewAt, this.#statusAt);
  }

  #begin(what: 'register' | 'lease' | 'status' | 'health', work: Promise<void>): void {
    this.#busy.add(what);
    const end = (): void => {
      this.#busy.delete(what);
      this.#wake();
    };
    work.then(end, (error: unknown) => {
      this.#failed(what, error);
      end();
    });
  }

  #failed(what: 'register' | 'lease' | 'status' | 'health', error: unknown): void {
    if (error instanceof ClosedError) return;
    const { logger, clock, nodeName } = this.#parts;
    logger.warn({ node: nodeName, error: (error as Error).message }, `the node's ${what} failed and will be repeated`);
    const at = clock.now() + repeatMs;
    if (what === 'register') this.#registerAt = at;
    else if (what === 'lease') this.#renewAt = at;
    else if (what === 'status') this.#statusAt = at;
  }

  async #register(): Promise<void> {
    const { client, clock, writeOptions, nodeName } = this.#parts;
    const manifest = nodeManifest(this.#node, this.#info);
    const status = nodeStatus({ ...this.#statusParts(undefined), now: clock.now() });
    try {
      await client.create(nodeKind, { ...manifest, status }, writeOptions);
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
      await this.#takeOver(manifest);
    }
    this.#registered = true;
    this.#statusAt = clock.now();
    this.#tell('Normal', 'Starting', 'Starting kubelet.');
    this.#tell('Normal', 'RegisteredNode', `Node ${nodeName} is registered by its kubelet`);
  }

  /** The node was known before: the kubelet's own labels are put right, everything else stays. */
  async #takeOver(manifest: NodeManifest): Promise<void> {
    const { client, writeOptions, nodeName } = this.#parts;
    const known = client.get(nodeKind, { namespace: undefined, name: nodeName });
    if (known === undefined) throw new ApiError(503, 'ServiceUnavailable', `node ${nodeName} is there but not seen yet`);
    const labels = { ...known.metadata.labels, ...manifest.metadata?.labels };
    if (Object.entries(labels).every(([key, value]) => known.metadata.labels?.[key] === value)) return;
    await client.update(nodeKind, { ...known, metadata: { ...known.metadata, labels } } as unknown as NodeManifest, writeOptions);
  }

  async #renew(now: Instant): Promise<void> {
    const { client, writeOptions, nodeName } = this.#parts;
    const renewTime = formatMicroTime(now);
    const at = { namespace: leaseNamespace, name: nodeName };
    const known = this.#lease ?? client.get(leaseKind, at);
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: this.#times.leaseDurationSeconds, renewTime };
    try {
      if (known === undefined) {
        this.#lease = await client.create(
          leaseKind,
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...at, ...this.#owner() }, spec },
          writeOptions,
        );
      } else {
        this.#lease = await client.update(
          leaseKind,
          { ...known, spec: { ...known.spec, ...spec } } as unknown as LeaseManifest,
          writeOptions,
        );
      }
    } catch (error) {
      // Somebody changed or deleted it: the next try begins from what is there.
      this.#lease = undefined;
      throw error;
    }
  }

  /** The Lease goes with its Node. */
  #owner(): Pick<NonNullable<LeaseManifest['metadata']>, 'ownerReferences'> {
    const node = this.#parts.client.get(nodeKind, { namespace: undefined, name: this.#parts.nodeName });
    if (node === undefined) return {};
    const { name, uid } = node.metadata;
    return { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] };
  }

  async #checkHealth(): Promise<void> {
    const { calls, runtime, clock } = this.#parts;
    let found: string | undefined;
    try {
      await calls.run('free', 'healthy', healthTimeoutMs, (options) => runtime.healthy(options));
      if (this.#imagesDue) {
        this.#images = await calls.run('free', 'listImages', healthTimeoutMs, (options) => runtime.listImages(options));
        this.#statusAt = clock.now();
        this.#imagesDue = false;
      }
    } catch (error) {
      if (error instanceof ClosedError) return;
      found = (error as Error).message;
    }
    if (this.#conditionsText() !== this.#told) this.#statusAt = clock.now();
    if ((found === undefined) === (this.#runtimeError === undefined)) return;
    this.#runtimeError = found;
    this.#statusAt = clock.now();
  }

  async #writeStatus(): Promise<void> {
    const { client, clock, writeOptions, nodeName } = this.#parts;
    const known = client.get(nodeKind, { namespace: undefined, name: nodeName });
    if (known === undefined) return;
    this.#told = this.#conditionsText();
    const status = nodeStatus({ ...this.#statusParts(known), now: clock.now() });
    await client.updateStatus(nodeKind, { ...known, status } as unknown as NodeManifest, writeOptions);
    const ready = this.#runtimeError === undefined;
    if (ready !== this.#ready) {
      this.#ready = ready;
      const reason = ready ? 'NodeReady' : 'NodeNotReady';
      this.#tell(ready ? 'Normal' : 'Warning', reason, `Node ${nodeName} status is now: ${reason}`);
    }
  }

  #conditionsText(): string {
    const { conditions } = this.#info;
    return conditions === undefined ? '' : JSON.stringify(conditions);
  }

  #statusParts(known: Stored<NodeManifest> | undefined): Omit<Parameters<typeof nodeStatus>[0], 'now'> {
    return { node: this.#node, info: this.#info, health: { runtimeError: this.#runtimeError }, images: this.#images, old: known?.status };
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { client, nodeName } = this.#parts;
    client.event({ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName }, type, reason, message, {
      component: 'kubelet',
      host: nodeName,
    });
  }
}
