import type { Clock } from '../../env/clock.ts';
import type { RuntimeEnv } from '../runtime.ts';
import type { ContainerMaker } from './container-maker.ts';
import type { DockerBook } from './docker-book.ts';
import type { EngineInfo } from './engine-answers.ts';
import type { EngineWatch } from './engine-watch.ts';
import type { Engine } from './engine.ts';
import type { ImagePuller } from './image-puller.ts';
import type { PodNetwork } from './pod-network.ts';
import type { ProcessOwner } from './process-owner.ts';
import type { SharedNetwork } from './shared-network.ts';
import type { StartLimit } from './start-limit.ts';

/** What a node chose about its pods. */
export interface DockerNodeOptions {
  readonly sandbox: 'auto' | 'always';
  readonly reach: 'auto' | 'address' | 'published';
  /** Replaces the built-in image of sandboxes. */
  readonly sandboxImage: string | undefined;
  readonly podPidsLimit: number | undefined;
  readonly storageLimits: boolean;
  readonly seccompFolder: string;
}

/** A node on an engine while it is open: everything its parts need of one another. */
export interface DockerNode {
  readonly env: RuntimeEnv;
  readonly clock: Clock;
  readonly owner: ProcessOwner;
  readonly options: DockerNodeOptions;
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly network: PodNetwork;
  /** The network of all nodes' pods, where the engines form a swarm or have a relay. */
  readonly shared: SharedNetwork | undefined;
  readonly book: DockerBook;
  readonly maker: ContainerMaker;
  readonly starts: StartLimit;
  readonly watch: EngineWatch;
  readonly images: ImagePuller;
  /** The engine reads this process's files at the same paths. */
  readonly sharesFiles: boolean;
  /** Pods are reached by the addresses of their network; else by published ports. */
  readonly byAddress: boolean;
  readonly hostAddress: string;
}
