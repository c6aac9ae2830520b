import { access, constants, mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.ts';
import { openNetwork } from '../network/open-network.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { podPorts } from '../network/pod-ports.ts';
import { unavailable } from '../runtime-failure.ts';
import type { RuntimeEnv, SandboxConfig } from '../runtime.ts';
import { SandboxBook } from '../sandbox-book.ts';
import { VolumeFolders } from '../volumes/volume-folders.ts';
import { DirectLauncher } from './direct-launcher.ts';
import type { ProcessContainer } from './process-container.ts';
import { ProcessGuard } from './process-guard.ts';
import { ProcessInspector } from './process-inspector.ts';
import { ProcessNode } from './process-node.ts';
import { declaresPorts, ProcessPod } from './process-pod.ts';
import type { ProcessPodRecord } from './process-pod.ts';
import { ownerVariable, ProcessScanner } from './process-scanner.ts';

const sharedMemory = '/dev/shm';

/** A node of processes while it is open: its pods, and whatever stands beside them. */
export class OpenProcessNode {
  readonly owner: string;
  readonly env: RuntimeEnv;
  readonly network: PodNetwork;
  readonly node: ProcessNode;
  readonly inspector: ProcessInspector;
  readonly book: SandboxBook<ProcessContainer, ProcessPod>;
  readonly #memoryFolder: string | undefined;
  readonly #making = new Map<string, Promise<ProcessPod>>();

  private constructor(parts: {
    readonly owner: string;
    readonly env: RuntimeEnv;
    readonly network: PodNetwork;
    readonly node: ProcessNode;
    readonly inspector: ProcessInspector;
    readonly book: SandboxBook<ProcessContainer, ProcessPod>;
    readonly memoryFolder: string | undefined;
  }) {
    this.owner = parts.owner;
    this.env = parts.env;
    this.network = parts.network;
    this.node = parts.node;
    this.inspector = parts.inspector;
    this.book = parts.book;
    this.#memoryFolder = parts.memoryFolder;
  }

  static async open(env: RuntimeEnv, mode: 'auto' | 'mapped' | 'namespace', onEvent: (podUid: string) => void): Promise<OpenProcessNode> {
    if (process.platform === 'win32') {
      throw new ConfigurationError('the process runtime needs Linux or macOS: take the in-process or the docker runtime on Windows');
    }
    const { clock, logger } = env;
    const owner = Buffer.from(env.secureRandom.bytes(16)).toString('hex');
    const memoryFolder = await sharedMemoryFolder(owner);
    const network = await openNetwork(`${env.clusterId}/${env.nodeName}`, mode === 'mapped' ? 'mapped' : 'auto', env.podCidr);
    const guard = await ProcessGuard.start({
      mark: `${ownerVariable}=${owner}`,
      controlGroup: '',
      lastly: '',
      folders: memoryFolder === undefined ? [env.stateDir] : [env.stateDir, memoryFolder],
    });
    await mkdir(env.stateDir, { recursive: true, mode: 0o711 });
    const book = new SandboxBook<ProcessContainer, ProcessPod>();
    const scanner = new ProcessScanner(owner, clock);
    const launcher = new DirectLauncher(clock);
    const node = new ProcessNode({ clock, logger, keep: false, scanner, guard, launcher, onChange: onEvent });
    const inspector = new ProcessInspector({
      clock,
      scanner,
      sandboxes: () => book.all(),
      mayListenAnywhere: (pod) => (pod as ProcessPod).record.hostNetwork,
      memoryLimit: () => undefined,
      changed: onEvent,
    });
    return new OpenProcessNode({ owner, env, network, node, inspector, book, memoryFolder });
  }

  /** Rejects if containers could not be started now. */
  async check(): Promise<void> {
    await access(this.env.stateDir, constants.W_OK).catch((cause: unknown) => {
      throw unavailable(`the folder ${this.env.stateDir} of node "${this.env.nodeName}"`, cause);
    });
    if (this.node.guard !== undefined && this.node.guard.pid === undefined) throw unavailable(`the guard of node "${this.env.nodeName}"`);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.env.stateDir);
    return bavail * bsize;
  }

  /** The pod's sandbox; the same one for all who ask at the same time. */
  ensurePod(id: string, config: SandboxConfig): Promise<ProcessPod> {
    const existing = this.book.get(id);
    if (existing !== undefined) return Promise.resolve(existing);
    const making = this.#making.get(id) ?? this.#makePod(id, config).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async stopPod(pod: ProcessPod): Promise<void> {
    pod.ready = false;
    await Promise.all([...pod.containers.values()].map((container) => container.kill()));
    await this.network.detach(pod.id);
    pod.ips = [];
    this.node.changed(pod.podUid);
  }

  async removePod(pod: ProcessPod): Promise<void> {
    await this.stopPod(pod);
    await Promise.all([...pod.containers.values()].map((container) => container.release()));
    await pod.volumes.remove();
    await rm(pod.folder, { recursive: true, force: true });
    this.book.remove(pod);
    this.node.changed(pod.podUid);
  }

  async removeContainer(pod: ProcessPod, container: ProcessContainer): Promise<void> {
    pod.containers.delete(container.id);
    await container.release();
    const { name } = container.config.container;
    await rm(pod.containerFolder(name, container.config.attempt), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.inspector.close();
    await Promise.all(this.book.all().map((pod) => this.removePod(pod)));
    await this.network.close();
    await this.node.guard?.close();
    if (this.#memoryFolder !== undefined) await rm(this.#memoryFolder, { recursive: true, force: true });
    await rm(this.env.stateDir, { recursive: true, force: true });
  }

  async #makePod(id: string, { pod, attempt, hostname }: SandboxConfig): Promise<ProcessPod> {
    const { metadata, spec } = pod;
    const record: ProcessPodRecord = {
      uid: metadata.uid,
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      attempt,
      createdAtMs: this.node.clock.now(),
      hostname,
      hostNetwork: spec?.hostNetwork === true,
      ports: podPorts(spec).map(({ port, protocol }) => ({ port, protocol })),
      declaresPorts: declaresPorts(spec),
    };
    const attachment = await this.network.attach({ podUid: id, hostNetwork: record.hostNetwork, ports: record.ports });
    const folder = join(this.env.stateDir, 'pods', id);
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const memory = this.#memoryFolder === undefined ? undefined : join(this.#memoryFolder, id);
    const volumes = new VolumeFolders(join(folder, 'volumes'), join(this.env.stateDir, 'persistent'), memory);
    const made = new ProcessPod(record, folder, attachment, volumes);
    this.book.add(made);
    this.node.changed(made.podUid);
    return made;
  }
}

/** A folder of this node's own in memory, made on first use; undefined where the machine has no such thing. */
async function sharedMemoryFolder(owner: string): Promise<string | undefined> {
  const usable = await access(sharedMemory, constants.W_OK).then(
    () => true,
    () => false,
  );
  return usable ? join(sharedMemory, `coxswain-${owner.slice(0, 16)}`) : undefined;
}
