import { access, constants, mkdir, rm, statfs } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { containerId } from '../container-id.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { podPorts } from '../network/pod-ports.ts';
import { unavailable } from '../runtime-failure.ts';
import type { ContainerConfig, RuntimeEnv, SandboxConfig, VolumeContent } from '../runtime.ts';
import type { SandboxBook } from '../sandbox-book.ts';
import { persistentFolder, removePersistent } from '../volumes/persistent-folder.ts';
import { VolumeFolders } from '../volumes/volume-folders.ts';
import { containerEnvironment } from './container-environment.ts';
import { ContainerPlace, rootOf } from './container-place.ts';
import { memoryLimit } from './memory-limit.ts';
import { foldersIn, readWhole, writeWhole } from './node-state.ts';
import type { SavedContainer, SavedPod } from './node-state.ts';
import { ProcessContainer } from './process-container.ts';
import type { ProcessImage } from './process-image.ts';
import type { ProcessInspector } from './process-inspector.ts';
import type { ProcessNode } from './process-node.ts';
import { declaresPorts, ProcessPod } from './process-pod.ts';
import type { ProcessPodRecord } from './process-pod.ts';

/** What an open node is made of. */
export interface OpenNodeParts {
  readonly owner: string;
  readonly env: RuntimeEnv;
  readonly network: PodNetwork;
  readonly node: ProcessNode;
  readonly inspector: ProcessInspector;
  readonly book: SandboxBook<ProcessContainer, ProcessPod>;
  /** A folder in memory; undefined where there is none. */
  readonly memoryFolder: string | undefined;
  readonly inheritEnv: readonly string[];
}

/** A node of processes while it is open: its pods, and whatever stands beside them. */
export class OpenProcessNode {
  readonly env: RuntimeEnv;
  readonly network: PodNetwork;
  readonly node: ProcessNode;
  readonly inspector: ProcessInspector;
  readonly book: SandboxBook<ProcessContainer, ProcessPod>;
  readonly #parts: OpenNodeParts;
  readonly #making = new Map<string, Promise<ProcessPod>>();

  constructor(parts: OpenNodeParts) {
    this.#parts = parts;
    this.env = parts.env;
    this.network = parts.network;
    this.node = parts.node;
    this.inspector = parts.inspector;
    this.book = parts.book;
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

  async prepareVolume(pod: ProcessPod, name: string, content: VolumeContent): Promise<void> {
    await pod.volumes.prepare(name, content);
    await this.#savePod(pod);
  }

  async makeContainer(pod: ProcessPod, config: ContainerConfig, image: ProcessImage): Promise<void> {
    const id = containerId(pod.id, config.container.name, config.attempt);
    const saved: SavedContainer = { id, config, image };
    const place = await this.#place(pod, saved);
    await place.make(pod.volumes);
    if (this.node.keep) await writeWhole(join(place.folder, 'container.json'), saved);
    if (!pod.containers.has(id)) this.#addContainer(pod, saved, place);
    this.node.changed(pod.podUid);
  }

  /** Takes up every pod that an earlier host left. */
  async adopt(): Promise<void> {
    for (const folder of await foldersIn(join(this.env.stateDir, 'pods'))) {
      const saved = await readWhole<SavedPod>(join(folder, 'pod.json'));
      if (saved === undefined) continue;
      const { record, ip, mapped } = saved;
      const pod = await this.#addPod(basename(folder), record, { ip, mapped }, saved);
      for (const containerFolder of await foldersIn(join(folder, 'containers'))) {
        const container = await readWhole<SavedContainer>(join(containerFolder, 'container.json'));
        if (container !== undefined) await this.#addContainer(pod, container, await this.#place(pod, container)).adopt();
      }
    }
    this.inspector.wake();
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

  removeVolume(name: string): Promise<void> {
    return removePersistent(this.env, name);
  }

  /** Ends every pod, or with `keep` lets go of them. */
  async close(): Promise<void> {
    this.inspector.close();
    const { keep, guard } = this.node;
    const pods = this.book.all();
    if (keep) await Promise.all(pods.flatMap((pod) => [...pod.containers.values()].map((container) => container.release())));
    else await Promise.all(pods.map((pod) => this.removePod(pod)));
    await this.network.close();
    await guard?.close();
    if (keep) return;
    await this.node.groups?.close();
    if (this.#parts.memoryFolder !== undefined) await rm(this.#parts.memoryFolder, { recursive: true, force: true });
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
    const made = await this.#addPod(id, record, undefined, undefined);
    await this.#savePod(made);
    this.node.changed(made.podUid);
    return made;
  }

  async #addPod(
    id: string,
    record: ProcessPodRecord,
    previous: { readonly ip: string; readonly mapped: Readonly<Record<string, number>> } | undefined,
    saved: SavedPod | undefined,
  ): Promise<ProcessPod> {
    const { hostNetwork, ports } = record;
    const attachment = await this.network.attach({ podUid: id, hostNetwork, ports, ...(previous === undefined ? {} : { previous }) });
    const folder = join(this.env.stateDir, 'pods', id);
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const { memoryFolder } = this.#parts;
    const memory = memoryFolder === undefined ? undefined : join(memoryFolder, id);
    const volumes = new VolumeFolders(join(folder, 'volumes'), persistentFolder(this.env), memory, saved?.volumes);
    const pod = new ProcessPod(record, folder, attachment, volumes);
    this.book.add(pod);
    return pod;
  }

  #addContainer(pod: ProcessPod, { id, config, image }: SavedContainer, place: ContainerPlace): ProcessContainer {
    const container = new ProcessContainer({ id, sandboxId: pod.id, podUid: pod.podUid, config, image, place, node: this.node });
    pod.containers.set(id, container);
    return container;
  }

  async #savePod({ record, folder, attachment, volumes }: ProcessPod): Promise<void> {
    if (!this.node.keep) return;
    const saved: SavedPod = { record, ip: attachment.ip, mapped: attachment.mapped, volumes: volumes.places };
    await writeWhole(join(folder, 'pod.json'), saved);
  }

  async #place(pod: ProcessPod, { id, config, image }: SavedContainer): Promise<ContainerPlace> {
    const folder = pod.containerFolder(config.container.name, config.attempt);
    const { attachment, record } = pod;
    const env = containerEnvironment({
      config,
      image,
      attachment,
      podHasNoPorts: !record.declaresPorts,
      hostname: record.hostname,
      containerId: id,
      owner: this.#parts.owner,
      root: rootOf(folder),
      inherit: this.#parts.inheritEnv,
    });
    const cwd = resolve(config.workingDir ?? image.cwd ?? '.');
    const group = await this.node.groups?.make(id, memoryLimit(config));
    return new ContainerPlace({ folder, cwd, env, config, prefix: attachment.commandPrefix ?? [], group });
  }
}
