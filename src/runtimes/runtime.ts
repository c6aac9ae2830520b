import type { Duplex } from 'node:stream';
import type { Clock } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { Random, SecureRandom } from '../env/random.ts';
import type { Container, Lifecycle, PodManifest, Probe, SecurityContext, VolumeMount } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { Archive, CallOptions, ExecOptions, ExecSession, LogChunk, LogOptions } from '../api/streams.ts';

export type { Archive, CallOptions, ExecOptions, ExecSession, LogChunk, LogOptions } from '../api/streams.ts';

/** The contract of a runtime, shaped like Kubernetes' CRI. Truth is what `listSandboxes` says; events are hints. */

/** What is lent to a runtime when a node opens it. */
export interface RuntimeEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly secureRandom: SecureRandom;
  readonly logger: Logger;
  /** Stable identity of the cluster and name of the node: go into labels, so that only what is ours is ever touched. */
  readonly clusterId: string;
  readonly nodeName: string;
  /** What happens to pods when the host process dies. `keep` only with a durable store. */
  readonly onHostDeath: 'kill' | 'keep';
  /**
   * The node's range for pod addresses (`10.244.7.0/24`), unique in the cluster: whoever registers nodes hands these out. Absent: the
   * runtime takes one by itself and says so in `RuntimeInfo.podCidr`. A runtime whose addresses come from elsewhere ignores it.
   */
  readonly podCidr?: string;
  /** Where persistent volumes without a path of their own go, if they are to outlive the runtime; below `stateDir` unless given. */
  readonly volumesDir?: string;
  /** A folder of this node's own for logs, volumes and the like, made on first use; gone on close unless `keep`. */
  readonly stateDir: string;
  /** What the runtimes of the cluster's nodes in this process have in common. Absent: the node is alone. */
  readonly commons?: RuntimeCommons;
}

/** Where runtimes of one cluster in one process meet: a runtime keeps there what its nodes share. */
export interface RuntimeCommons {
  /** The one object of this class, made when it is first asked for. */
  of<T extends object>(kind: new () => T): T;
}

export interface RuntimeInfo {
  readonly name: string;
  readonly version: string;
  /** What the node may offer: `cpu` `memory` `pods` `ephemeral-storage` as quantities. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** The address at which hostNetwork pods and NodePorts of this node answer. */
  readonly hostAddress: string;
  /** The range the pods' addresses really come from (`spec.podCIDR` of the node); undefined if there is no such range. */
  readonly podCidr: string | undefined;
  /** How many calls about sandboxes, containers and volumes it takes at a time: 8 unless given. */
  readonly concurrency?: number;
  /** The handlers that RuntimeClasses may name, besides the usual one (''); none unless given. */
  readonly runtimeHandlers?: readonly string[];
  /**
   * What else the node's status is to say, besides the conditions that every node has. Looked at again with every heartbeat (10 s): where
   * they change while the runtime is open, this is a getter.
   */
  readonly conditions?: readonly RuntimeCondition[];
}

/** A condition of the node that its runtime speaks of. */
export interface RuntimeCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Identifies a sandbox or container of ours; both follow from the pod, so that creation is idempotent. */
export interface SandboxConfig {
  readonly pod: Stored<PodManifest>;
  /** Counts rebuilds of the pod's sandbox, from 0. */
  readonly attempt: number;
  /** One of `RuntimeInfo.runtimeHandlers`, which runs all containers of the pod; '' and undefined: the runtime's usual one. */
  readonly runtimeHandler?: string;
  readonly hostname: string;
  readonly dns:
    { readonly nameservers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] } | undefined;
}

/** A container as the kubelet resolved it: no references left. */
export interface ContainerConfig {
  readonly container: Container;
  readonly type: 'init' | 'sidecar' | 'container' | 'ephemeral';
  /** Restart count: from 0. */
  readonly attempt: number;
  readonly image: string;
  /** Resolved environment, in order; `command` and `args` have their `$(NAME)` expanded. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly workingDir: string | undefined;
  readonly mounts: readonly ResolvedMount[];
  readonly securityContext: SecurityContext | undefined;
}

/** A volume mount with where its volume is. */
export interface ResolvedMount {
  readonly mount: VolumeMount;
  readonly volumeName: string;
  /** The sub-path with its variables expanded; '' for the whole volume. */
  readonly subPath: string;
  readonly readOnly: boolean;
}

/** One file a volume holds. `mode` is permission bits. */
export interface VolumeFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

/** A volume of a pod, prepared before its containers are made. */
export type VolumeContent =
  | { readonly type: 'emptyDir'; readonly medium: '' | 'Memory'; readonly sizeLimitBytes: number | undefined }
  | { readonly type: 'hostPath'; readonly path: string; readonly pathType: string }
  /** ConfigMap, Secret, downward API, projected: files the kubelet computed. Updated in place, atomically, by a repeat. */
  | { readonly type: 'files'; readonly files: readonly VolumeFile[]; readonly secret: boolean; readonly fsGroup: number | undefined }
  /** A persistent volume by name: a folder on the process runtimes, an engine volume on Docker. */
  | { readonly type: 'persistent'; readonly name: string; readonly path: string | undefined };

export type ContainerState =
  | { readonly state: 'created' }
  | { readonly state: 'running'; readonly startedAtMs: number }
  | {
      readonly state: 'exited';
      readonly startedAtMs: number;
      readonly finishedAtMs: number;
      readonly exitCode: number;
      readonly signal: number | undefined;
      /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`, ... */
      readonly reason: string;
      /** The termination message (file or end of the log), or why it could not run. */
      readonly message: string;
    }
  | { readonly state: 'unknown' };

export interface ContainerStatusReport {
  readonly id: string;
  /** What the engine's own tools call it (`docker inspect`), and with it the Pod's status; the same as `id` unless given. */
  readonly engineId?: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  /** As it was asked for in `ContainerConfig.image`: a pod whose image was changed is noticed by it. */
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
}

/** A sandbox with its containers, as it is now. */
export interface SandboxReport {
  readonly id: string;
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAtMs: number;
  /** The pod's addresses; empty until known. */
  readonly ips: readonly string[];
  readonly containers: readonly ContainerStatusReport[];
  /** Something the user should know about the pod (a listener on the wildcard, ...); becomes an Event and a condition message. */
  readonly notices: readonly { readonly reason: string; readonly message: string }[];
}

export interface ImageReport {
  readonly id: string;
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

export interface ImagePull {
  readonly image: string;
  /** `user:password` credentials of imagePullSecrets, by registry host; tried before the host's own. */
  readonly credentials: readonly { readonly registry: string; readonly username: string; readonly password: string }[];
  readonly onProgress?: (message: string) => void;
}

export type ProbeHandler = Pick<Probe, 'exec' | 'grpc' | 'httpGet' | 'tcpSocket'>;
export type HookHandler = NonNullable<Lifecycle['postStart']>;

export interface ProbeResult {
  readonly outcome: 'success' | 'failure';
  /** Kubernetes' words: `HTTP probe failed with statuscode: 503`. */
  readonly message: string;
}

export interface ContainerStats {
  readonly containerName: string;
  /** CPU time used since the container started, in nanoseconds. */
  readonly cpuNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
}

export interface PodStats {
  readonly podUid: string;
  readonly atMs: number;
  readonly containers: readonly ContainerStats[];
}

/** How a port of a pod is reached from the host: the pod's own address, or a mapped port. */
export interface PodAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Runs the pods of one node. All creation is idempotent by deterministic names and labels: a repeat returns what exists. Calls
 * reject with `RuntimeError`; `retryable` says whether the kubelet should back off and try again. No call blocks another pod's.
 * After `close` every call rejects with `ClosedError`.
 */
export interface Runtime {
  readonly name: string;
  /** True if a ManualClock may drive it: its pods take their time from the clock alone (in-process ones as far as they use `ctx.clock`). */
  readonly virtual: boolean;
  /** True if nothing listens in its pods, so that there is no traffic to carry. */
  readonly simulated?: boolean;

  /**
   * Called once before anything else, and again only after `close`. Reconnects to what an earlier process, or an earlier opening, left
   * running (`keep`) so that `listSandboxes` shows it.
   */
  open(env: RuntimeEnv): Promise<RuntimeInfo>;
  /** Rejects if the engine does not answer: the node becomes NotReady. */
  healthy(options?: CallOptions): Promise<void>;
  /** Called with the uid of a pod whose sandbox or containers changed. A hint: may be lost, late or doubled. Returns "off". */
  onEvent(listener: (podUid: string) => void): () => void;

  /** All sandboxes of this cluster and node, with their containers. The truth. */
  listSandboxes(options?: CallOptions): Promise<readonly SandboxReport[]>;
  /** One pod's sandboxes, newest attempt last. */
  inspectPod(podUid: string, options?: CallOptions): Promise<readonly SandboxReport[]>;

  /** Makes and starts the sandbox; resolves when it has its address. */
  runSandbox(config: SandboxConfig, options?: CallOptions): Promise<SandboxReport>;
  /** Kills whatever still runs in it and frees its address. Unknown id: no effect. */
  stopSandbox(sandboxId: string, options?: CallOptions): Promise<void>;
  /** Removes a stopped sandbox, its containers, their logs and its volumes (not persistent ones). Unknown id: no effect. */
  removeSandbox(sandboxId: string, options?: CallOptions): Promise<void>;

  /** Prepares (or updates the files of) a volume of the pod. */
  prepareVolume(sandboxId: string, volumeName: string, content: VolumeContent, options?: CallOptions): Promise<void>;

  /**
   * Removes the contents of a persistent volume that has no path of its own; nothing mounts it any more. Unknown name: no effect. A
   * runtime without it has nothing to remove.
   */
  removeVolume?(name: string, options?: CallOptions): Promise<void>;

  imageStatus(image: string, options?: CallOptions): Promise<ImageReport | undefined>;
  /** Resolves with the image's id once it is there. `RUNTIME_IMAGE_NOT_FOUND`, `RUNTIME_IMAGE_UNAUTHORIZED`, `RUNTIME_REGISTRY_UNAVAILABLE`. */
  pullImage(pull: ImagePull, options?: CallOptions): Promise<string>;
  listImages(options?: CallOptions): Promise<readonly ImageReport[]>;
  removeImage(image: string, options?: CallOptions): Promise<void>;

  /** Makes the container; returns its id. `RUNTIME_CREATE_FAILED` (reason CreateContainerError), `RUNTIME_CONFIG` (CreateContainerConfigError). */
  createContainer(sandboxId: string, config: ContainerConfig, options?: CallOptions): Promise<string>;
  /** `RUNTIME_START_FAILED` (reason RunContainerError) if the program cannot be run. */
  startContainer(containerId: string, options?: CallOptions): Promise<void>;
  /**
   * SIGTERM (or the image's stop signal), after `graceMs` SIGKILL to the whole tree; resolves when it is dead. Unknown or dead: no
   * effect. May be called again while it runs: the earlier of the two ends counts.
   */
  stopContainer(containerId: string, graceMs: number, options?: CallOptions): Promise<void>;
  /** Removes a dead container; the log of the newest dead attempt of each name is kept for `previous`. */
  removeContainer(containerId: string, options?: CallOptions): Promise<void>;

  probe(containerId: string, podIp: string, handler: ProbeHandler, timeoutMs: number, options?: CallOptions): Promise<ProbeResult>;
  /** Runs a lifecycle hook; rejects with `RUNTIME_HOOK_FAILED`. */
  runHook(containerId: string, podIp: string, handler: HookHandler, options?: CallOptions): Promise<void>;

  /** Output of one attempt. Works for dead containers as long as they are not removed. */
  logs(containerId: string, options: LogOptions): AsyncIterable<LogChunk>;
  exec(containerId: string, options: ExecOptions): Promise<ExecSession>;
  attach(containerId: string, options: Omit<ExecOptions, 'command'>): Promise<ExecSession>;
  /**
   * A file or folder of a container as a tar archive whose first name is the path's last. A runtime without it: `tar` is run inside.
   * Rejects with `RUNTIME_COPY_FAILED` if there is no such path.
   */
  copyFrom?(containerId: string, path: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Unpacks a tar archive in a folder of a container. A runtime without it: `tar` is run inside. Rejects with `RUNTIME_COPY_FAILED`. */
  copyTo?(containerId: string, folder: string, archive: Archive, options?: CallOptions): Promise<void>;
  /** A connection to a port inside the pod. */
  portForward(sandboxId: string, port: number, options?: CallOptions): Promise<Duplex>;

  stats(options?: CallOptions): Promise<readonly PodStats[]>;
  /** How a port of a pod is reached from the host; undefined while it is not reachable. */
  podAddress(podUid: string, port: number, protocol: 'TCP' | 'UDP'): PodAddress | undefined;

  /** With `kill`: ends every pod of this node and removes everything. With `keep`: lets go without touching them. */
  close(): Promise<void>;
}
