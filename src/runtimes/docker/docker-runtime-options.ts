import type { ImageGarbageOptions } from './image-garbage.ts';
import type { EngineSearch } from './engine-discovery.ts';

/** How a node on a Docker engine is made. Everything has a default; which engine it is comes from `EngineSearch`. */
export interface DockerRuntimeOptions extends EngineSearch {
  /** Nothing is ever fetched from a registry, whatever pods ask for: an image is on the engine, or it is not found. False unless given. */
  readonly neverPull?: boolean;
  /** The platform to pull images for (`linux/arm64`); the engine's own unless given. */
  readonly platform?: string;
  /** When images that this runtime has fetched and no container uses any more are removed. Never unless given. */
  readonly imageGarbage?: ImageGarbageOptions;
  /** How long a pull may take, in milliseconds; 600,000 unless given. A call's own deadline goes before it. */
  readonly pullTimeoutMs?: number;
  /** How long a registry may take to answer, in milliseconds; 120,000 unless given. */
  readonly pullSilenceMs?: number;
  /** The folder with the docker configuration's `config.json`, for credentials; `DOCKER_CONFIG` or `~/.docker` unless given. */
  readonly configFolder?: string;
  /**
   * `auto` (default): a container that keeps the pod's namespaces only where a pod has several containers. `always`: for every pod.
   */
  readonly sandbox?: 'auto' | 'always';
  /** Replaces the built-in image of such containers: its program must wait for SIGTERM. It has to be on the engine. */
  readonly sandboxImage?: string;
  /**
   * How pods are reached from this process: by the `address`es of their network, or by `published` ports of the engine's machine (only
   * ports that containers declare). `auto` (default): by address where this machine is in that network.
   */
  readonly reach?: 'auto' | 'address' | 'published';
  /** Whether the engine finds this machine's files at the same paths; by default true for engines behind a socket. */
  readonly sharesFiles?: boolean;
  /**
   * Whether what runs under the node's names on the engine is taken to have lost its owner, where a process of another machine, or of another
   * container, started it: from here nobody sees whether that one lives. Then it is removed, or with `onHostDeath: 'keep'` taken up. False
   * unless given: the node is refused.
   */
  readonly takeOver?: boolean;
  /** How many processes each container may have; no limit unless given. */
  readonly podPidsLimit?: number;
  /** Hold containers to their `ephemeral-storage` limits: only some storage drivers can (btrfs; overlay2 on xfs with project quotas). */
  readonly storageLimits?: boolean;
  /** Where `localhostProfile`s of seccomp are; `/var/lib/kubelet/seccomp` unless given. */
  readonly seccompFolder?: string;
  /**
   * Whether this machine's kernel is told to let pods of the cluster's nodes reach one another, where it is the engine's machine and this
   * process is root (`iptables`); what was told is taken back. True unless given.
   */
  readonly hostRules?: boolean;
  /**
   * Whether pods also join an overlay network, by which they reach those of other engines, where the engine is one of several in a swarm.
   * Then every pod has a sandbox, and its address is that of the overlay network. True unless given.
   */
  readonly overlay?: boolean;
  /**
   * Whether pods also join the cluster's relay, by which they reach those of other nodes of this process whatever machines their engines are
   * on: packets go through this process. Then every pod has a sandbox, and its address is one of the relay's network. `auto` (default):
   * for engines on other machines (`tcp://`, `ssh://`) that are in no swarm. `true` also for one behind a socket, so that its pods meet
   * those of such engines, and instead of an overlay network. `false`: never.
   */
  readonly relay?: 'auto' | boolean;
  /**
   * The cluster's `serviceCidr`, to be reached from containers: it becomes addresses of this machine (`ip route`), at which the service
   * proxy then listens. Needs the same as `hostRules`. ClusterIPs are not reached from containers unless given.
   */
  readonly serviceCidr?: string;
  /**
   * The engine's processors and memory, 110 pods, and as `ephemeral-storage` the size of the file system where the engine keeps its
   * containers (only where this machine sees that), each unless given.
   */
  readonly capacity?: Readonly<Record<string, string>>;
}
