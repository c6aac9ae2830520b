import { access, constants, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.ts';
import { createHash } from 'node:crypto';
import { sandboxId } from '../container-id.ts';
import type { RuntimeEnv } from '../runtime.ts';
import { ContainerMaker } from './container-maker.ts';
import { DockerBook } from './docker-book.ts';
import { DockerContainers } from './docker-containers.ts';
import { labels, nodeFilter, overlayFilter, ownLabels, sharedLabels, volumeLabels } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { DockerNode, DockerNodeOptions } from './docker-node.ts';
import { DockerPod } from './docker-pod.ts';
import { DockerSandboxes } from './docker-sandboxes.ts';
import type { EngineInfo } from './engine-answers.ts';
import { EngineWatch } from './engine-watch.ts';
import type { Engine } from './engine.ts';
import { ImageGarbage } from './image-garbage.ts';
import type { ImageGarbageOptions } from './image-garbage.ts';
import { ImagePuller } from './image-puller.ts';
import type { ImagePullerOptions } from './image-puller.ts';
import { LocalVolumes } from './local-volumes.ts';
import { isManager, isOneOfSeveral, OverlayNetwork } from './overlay-network.ts';
import { RelayHub } from './relay-hub.ts';
import { RelayNetwork } from './relay-network.ts';
import { RemoteVolumes } from './remote-volumes.ts';
import type { PodVolumes } from './local-volumes.ts';
import type { PodPlan } from './pod-plan.ts';
import { HostRules } from './host-rules.ts';
import type { PodNetworkReach } from './pod-network-condition.ts';
import { bridgeName, bridgePrefix, PodNetwork } from './pod-network.ts';
import { currentOwner } from './process-owner.ts';
import type { RegistryCredentials } from './registry-credentials.ts';
import type { SharedNetwork } from './shared-network.ts';
import { StartLimit } from './start-limit.ts';
import { refuseSecondOwner, sweepDead, sweepHelpers, sweepNode, sweepOverlay } from './sweep.ts';
import { Watchdog } from './watchdog.ts';

const sharedMemory = '/dev/shm';

export interface OpeningParts {
  readonly engine: Engine;
  readonly options: DockerNodeOptions;
  readonly images: ImagePullerOptions;
  readonly imageGarbage: ImageGarbageOptions;
  readonly credentials: RegistryCredentials;
  /** Whether the engine reads this process's files at the same paths; found out unless given. */
  readonly sharesFiles: boolean | undefined;
  readonly hostRules: boolean;
  readonly serviceCidr: string | undefined;
  /** What runs under the node's names and is another machine's has lost its owner. */
  readonly takeOver: boolean;
  /** Whether an overlay network is used where the engine is in a swarm with others. */
  readonly overlay: boolean;
  readonly relay: 'auto' | boolean;
}

/** A node on an engine, open. */
export interface OpenDockerNode {
  readonly node: DockerNode;
  readonly sandboxes: DockerSandboxes;
  readonly containers: DockerContainers;
  /** Whom pods reach by address. */
  readonly reach: PodNetworkReach;
  /** Ends everything (`kill`), or lets go of it (`keep`). */
  close(): Promise<void>;
}

/** Opens a node: clears away or takes up what an earlier host left, makes its network, and sets its watchdog. */
export async function openDockerNode(env: RuntimeEnv, parts: OpeningParts): Promise<OpenDockerNode> {
  const { engine } = parts;
  const { clock, stateDir } = env;
  const owner = currentOwner();
  const keep = env.onHostDeath === 'keep';
  const info = await engine.json<EngineInfo>('ask about the engine', { method: 'GET', path: '/info' }, { timeoutMs: 30_000 });
  if (info.OSType !== undefined && info.OSType !== 'linux')
    throw new ConfigurationError(`the engine runs ${info.OSType} containers: the docker runtime needs Linux ones`);
  await refuseSecondOwner(engine, env, owner, parts.takeOver);
  await sweepDead(engine, clock, owner);
  const memoryFolder = await sharedMemoryFolder(env);
  const folders = memoryFolder === undefined ? [stateDir] : [stateDir, memoryFolder];
  if (!keep) {
    await sweepNode(engine, clock, nodeFilter(env));
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  } else await sweepHelpers(engine, env);
  let watchdog: Watchdog | undefined;
  let rules: HostRules | undefined;
  let between: SharedNetworks | undefined;
  try {
    if (!keep) watchdog = await startWatchdog(parts, env, info, folders);
    const network = await PodNetwork.open({ engine, env, owner, info, tellsKernel: tellsKernel(parts) });
    await mkdir(stateDir, { recursive: true, mode: 0o711 });
    if (sharesMachine(parts, network)) {
      const names = { bridges: bridgePrefix(env), bridge: bridgeName(env, info) };
      rules = await HostRules.open({ ...names, logger: env.logger, podCidr: network.range.cidr, serviceCidr: parts.serviceCidr });
      watchdog?.also(rules.undo);
    }
    between = await openSharedNetwork(env, parts, info);
    const { shared, noRelay } = between;
    const open = assemble({ env, parts, info, network, shared, memoryFolder });
    if (keep) await open.node.book.refresh();
    open.node.watch.start();
    const garbage = new ImageGarbage({
      ...{ clock, logger: env.logger, images: open.node.images, options: parts.imageGarbage },
      inUse: () => new Set(open.node.book.pods.all().flatMap((pod) => [...pod.containers.values()].map(({ imageId }) => imageId))),
    });
    garbage.start();
    const close = async (): Promise<void> => {
      let isClean = true;
      await garbage.close();
      await open.node.watch.close();
      try {
        if (!keep) {
          await rules?.close();
          isClean = await sweepNode(engine, clock, nodeFilter(env));
          if (isClean) await network.removeBridge();
          if (isManager(info)) await sweepOverlay(engine, clock, env.clusterId);
        }
      } finally {
        // It tries on for as long as it is open, whatever the engine does.
        await between?.close();
      }
      // What stays is left to it for when this process ends.
      if (isClean) await watchdog?.close();
      else env.logger.warn({ node: env.nodeName }, 'not everything of the node could be removed: it is tried again when this process ends');
      engine.close();
      if (!keep) for (const folder of folders) await rm(folder, { recursive: true, force: true });
    };
    return { ...open, reach: { shared, noRelay, rules: rules?.reach ?? 'none' }, close };
  } catch (error) {
    await rules?.close();
    if (!keep) await sweepNode(engine, clock, nodeFilter(env)).catch(() => undefined);
    if (!keep && isManager(info)) await sweepOverlay(engine, clock, env.clusterId, 1);
    await between?.close();
    await watchdog?.close();
    throw error;
  }
}

/** The engine's machine may be this one, and its kernel is to be told what has to change. */
const tellsKernel = ({ engine, hostRules }: OpeningParts): boolean => hostRules && engine.address.type === 'socket';

interface SharedNetworks {
  readonly shared: SharedNetwork | undefined;
  /** Why there is no relay though one was wanted. */
  readonly noRelay: string | undefined;
  close(): Promise<void>;
}

/** Opens the network that pods share with those of other engines, if there is to be one. Without a relay pods start all the same. */
async function openSharedNetwork(env: RuntimeEnv, { engine, overlay, relay }: OpeningParts, info: EngineInfo): Promise<SharedNetworks> {
  const none = { shared: undefined, noRelay: undefined, close: () => Promise.resolve() };
  if (relay !== true && overlay && isOneOfSeveral(info)) return { ...none, shared: await OverlayNetwork.open(engine, env.clusterId, info) };
  if (relay === false || (relay === 'auto' && engine.address.type === 'socket')) return none;
  try {
    const hub = env.commons?.of(RelayHub) ?? new RelayHub();
    const identity = (engine.isPodman ? info.Name : info.ID) ?? '';
    const shared = await RelayNetwork.open(hub, { engine, env, owner: currentOwner(), architecture: info.Architecture ?? '', identity });
    return { ...none, shared, close: () => shared.close() };
  } catch (error) {
    const noRelay = (error as Error).message;
    env.logger.warn({ node: env.nodeName, error: noRelay }, 'there is no relay: pods reach by address only those of this node');
    return { ...none, noRelay };
  }
}

/** The engine's machine is this one: its kernel can be told what to let through. */
const sharesMachine = (parts: OpeningParts, network: PodNetwork): boolean => tellsKernel(parts) && network.reachable;

interface AssemblyParts {
  readonly env: RuntimeEnv;
  readonly parts: OpeningParts;
  readonly info: EngineInfo;
  readonly network: PodNetwork;
  readonly shared: SharedNetwork | undefined;
  readonly memoryFolder: string | undefined;
}

/** Puts the parts of a node together. */
function assemble({ env, parts, info, network, shared, memoryFolder }: AssemblyParts): Omit<OpenDockerNode, 'close' | 'reach'> {
  const { engine, options } = parts;
  const { clock, logger, stateDir, clusterId, nodeName } = env;
  const owner = currentOwner();
  const byAddress = options.reach === 'address' || (options.reach === 'auto' && network.reachable);
  const sharesFiles = parts.sharesFiles ?? engine.address.type === 'socket';
  const hostAddress = byAddress ? network.range.gateway : hostOf(engine);
  const adopt = (plan: PodPlan): DockerPod => {
    const id = sandboxId(plan.uid, plan.attempt);
    const folder = join(stateDir, 'pods', id);
    if (plan.ip !== undefined) network.reserve(id, plan.ip);
    const memory = memoryFolder === undefined ? undefined : join(memoryFolder, id);
    const itsLabels = {
      own: ownLabels(env, owner, 'volume'),
      persistent: volumeLabels(env, owner),
      helper: ownLabels(env, owner, 'helper'),
    };
    const common = { engine, clock, architecture: info.Architecture ?? '', labels: itsLabels };
    const volumes: PodVolumes = sharesFiles
      ? new LocalVolumes({ ...common, folder: join(folder, 'volumes'), memoryFolder: memory })
      : new RemoteVolumes({ ...common, sandboxId: id });
    const pod = new DockerPod(plan, plan.ip ?? hostAddress, folder, volumes);
    // Until its container is seen to run.
    if (plan.sandboxed) pod.ready = false;
    book.pods.add(pod);
    return pod;
  };
  const book: DockerBook = new DockerBook({
    ...{ engine, clock, clusterId, nodeName, shared, adopt },
    finish: (container, pod, end) => containers.endOf(container, pod, end),
  });
  const node: DockerNode = {
    ...{ env, clock, owner, options, engine, info, network, shared, book, byAddress, hostAddress },
    sharesFiles,
    watch: new EngineWatch({ engine, clock, logger, book, clusterId, nodeName }),
    maker: new ContainerMaker(engine, clock),
    starts: new StartLimit(clock),
    images: new ImagePuller(engine, clock, parts.credentials, parts.images),
  };
  const sandboxes = new DockerSandboxes(node, adopt);
  const containers: DockerContainers = new DockerContainers(node, sandboxes);
  return { node, sandboxes, containers };
}

async function startWatchdog(parts: OpeningParts, env: RuntimeEnv, info: EngineInfo, folders: readonly string[]): Promise<Watchdog> {
  const { engine } = parts;
  const pairs = (its: Labels): readonly string[] =>
    Object.entries(its)
      .filter(([key]) => key !== labels.role)
      .map(([key, value]) => `${key}=${value}`);
  const owned = [ownLabels, sharedLabels].map((labelsOf) => pairs(labelsOf(env, currentOwner(), 'container')));
  const overlay = overlayFilter(env.clusterId);
  const bridge = tellsKernel(parts) ? bridgeName(env, info) : undefined;
  return Watchdog.start({ address: engine.address, prefix: `/v${engine.apiVersion}`, labels: owned, overlay, folders, bridge });
}

/** Where this machine reaches what the engine publishes. */
function hostOf({ address }: Engine): string {
  if (address.type === 'socket') return '127.0.0.1';
  return address.type === 'tcp' ? address.host : (address.destination.split('@').at(-1) ?? '');
}

/** A folder of this node's own in memory, made on first use; undefined where the machine has no such thing. */
async function sharedMemoryFolder(env: RuntimeEnv): Promise<string | undefined> {
  const hash = createHash('sha256').update(`${env.clusterId}/${env.nodeName}/${env.stateDir}`).digest('hex').slice(0, 16);
  const usable = await access(sharedMemory, constants.W_OK).then(
    () => true,
    () => false,
  );
  return usable ? join(sharedMemory, `coxswain-docker-${hash}`) : undefined;
}
