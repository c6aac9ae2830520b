import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { AddressRange } from '../address-range.ts';
import { addressesExhausted } from '../runtime-failure.ts';
import type { RuntimeEnv } from '../runtime.ts';
import { labels, nodeFilter, ownLabels } from './docker-labels.ts';
import type { EngineInfo } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import { EngineError } from '../../errors.ts';
import { hasStatus } from './engine-answered.ts';
import { removeLostBridge } from './host-rules.ts';
import type { ProcessOwner } from './process-owner.ts';
import { ensureSandboxImage } from './sandbox-image.ts';

interface NetworkAnswer {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null };
}

const triesMax = 64;

const hashOf = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

/** What the names of a cluster's bridges begin with: an interface's name has at most 15 characters. */
export const bridgePrefix = (env: Pick<RuntimeEnv, 'clusterId'>): string => `cxw${hashOf(env.clusterId, 6)}`;

/** The name of a node's bridge on the engine's machine; another for each engine there, of which two may have a node of this name. */
export function bridgeName(env: Pick<RuntimeEnv, 'clusterId' | 'nodeName'>, { Name = '', DockerRootDir = '' }: EngineInfo): string {
  return `${bridgePrefix(env)}${hashOf([env.nodeName, Name, DockerRootDir].join('\0'), 6)}`;
}

/** Whether this machine has the address itself: then what is behind it can be reached from here. */
function isOwnAddress(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}

/** The engine's network for the pods of one node, and who has which address of it. */
export class PodNetwork {
  readonly name: string;
  readonly range: AddressRange;
  /** True if pods are reached by their addresses from this process. */
  readonly reachable: boolean;
  readonly #slots = new Map<string, number>();
  readonly #making: Making;
  #id: string;
  #mending: Promise<void> | undefined;

  private constructor({ Id, Name }: NetworkAnswer, range: AddressRange, reachable: boolean, making: Making) {
    this.#id = Id;
    this.name = Name;
    this.range = range;
    this.reachable = reachable;
    this.#making = making;
  }

  /** Takes up the node's network, or makes one: with the range given, or another if somebody has that one. */
  static async open(making: Making): Promise<PodNetwork> {
    const found = (await existing(making)) ?? (await create(making));
    const range = new AddressRange(found.IPAM?.Config?.[0]?.Subnet ?? '');
    const see = (): Promise<boolean> => isOwnAddress(range.gateway);
    const reachable = (await see()) || (making.engine.isPodman && (await whileUsed(making, found.Name, see)));
    return new PodNetwork(found, range, reachable, making);
  }

  /** The engine has no network of the node any more: nor has this machine its bridge. */
  removeBridge(): Promise<void> {
    return clearBridge(this.#making);
  }

  /**
   * An engine whose restart went wrong lists the network and does not have it (its rules in the kernel could not be made), or somebody has
   * removed it: then it is made anew, with its range. False if that is not what the error of a start tells.
   */
  async mend(error: unknown, signal: AbortSignal): Promise<boolean> {
    const missing = /network (\S+) (?:does not exist|not found)/.exec((error as Error).message)?.[1];
    const isOurs = missing === this.name || /^[0-9a-f]{64}$/.test(missing ?? '');
    if (!isOurs) return false;
    // If it is not the present one, it has been mended meanwhile.
    if (missing === this.name || missing === this.#id) {
      this.#mending ??= makeAgain(this.#making, missing === this.#id ? this.#id : undefined, this.range, signal)
        .then((id) => void (this.#id = id))
        .finally(() => (this.#mending = undefined));
      await this.#mending;
    }
    return true;
  }

  /** An address for a pod; the same one for a repeat. */
  take(sandboxId: string, podName: string): string {
    const slot = this.#slots.get(sandboxId) ?? this.range.take();
    if (slot === undefined) throw addressesExhausted(this.range.cidr, { kind: 'Pod', name: podName });
    this.#slots.set(sandboxId, slot);
    return this.range.address(slot);
  }

  /** Marks an address as a pod's that was found. */
  reserve(sandboxId: string, ip: string): void {
    const slot = this.range.slotOf(ip);
    if (slot !== undefined && !this.#slots.has(sandboxId) && this.range.reserve(ip)) this.#slots.set(sandboxId, slot);
  }

  release(sandboxId: string): void {
    const slot = this.#slots.get(sandboxId);
    if (slot === undefined) return;
    this.#slots.delete(sandboxId);
    this.range.release(slot);
  }
}

async function existing({ engine, env }: Making): Promise<NetworkAnswer | undefined> {
  const request = { method: 'GET', path: '/networks', query: { filters: nodeFilter(env, { [labels.role]: 'network' }) } } as const;
  const found = await engine.json<readonly NetworkAnswer[]>('list networks', request);
  return [...found].sort((a, b) => (a.Created < b.Created ? -1 : 1))[0];
}

export interface Making {
  readonly engine: Engine;
  readonly env: RuntimeEnv;
  readonly owner: ProcessOwner;
  readonly info: EngineInfo;
  /** The engine's bridges may be on this machine, whose kernel is told what has to change. */
  readonly tellsKernel: boolean;
}

/** What a network that was lost has left would never go: an engine takes a bridge that is there for somebody else's. */
async function clearBridge({ env, info, tellsKernel }: Making): Promise<void> {
  if (tellsKernel) await removeLostBridge(bridgeName(env, info), env.logger);
}

/** Makes the network again, if it is not there. Returns the engine's id of it. @param broken One that is there and to be removed first. */
async function makeAgain(making: Making, broken: string | undefined, range: AddressRange, signal: AbortSignal): Promise<string> {
  const { engine, env } = making;
  env.logger.warn({ node: env.nodeName }, 'the engine has lost the pod network: it is made again');
  try {
    if (broken !== undefined) await engine.json('remove the pod network', { method: 'DELETE', path: `/networks/${broken}` }, { signal });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
  const there = await existing(making);
  if (there !== undefined) return there.Id;
  await clearBridge(making);
  const made = { method: 'POST', path: '/networks/create', body: networkBody(making, range) } as const;
  return (await engine.json<{ readonly Id: string }>('create the pod network', made, { timeoutMs: 20_000, signal })).Id;
}

/** Podman makes the bridge with the first container that runs in the network, and removes it with the last: for a look, one runs for a moment. */
async function whileUsed({ engine, env, owner, info }: Making, NetworkMode: string, look: () => Promise<boolean>): Promise<boolean> {
  const body = {
    Image: await ensureSandboxImage(engine, info.Architecture ?? ''),
    Labels: ownLabels(env, owner, 'helper'),
    StopTimeout: 0,
    HostConfig: { NetworkMode, ReadonlyRootfs: true, CapDrop: ['ALL'] },
  };
  const { Id } = await engine.json<{ readonly Id: string }>('make a helper', { method: 'POST', path: '/containers/create', body });
  try {
    await engine.json('start a helper', { method: 'POST', path: `/containers/${Id}/start` });
    return await look();
  } catch (error) {
    // Why no container starts, the first pod will tell.
    env.logger.warn({ node: env.nodeName, error: (error as Error).message }, 'it could not be seen whether pods are reached by address');
    return false;
  } finally {
    await engine.json('remove a helper', { method: 'DELETE', path: `/containers/${Id}`, query: { force: true } }).catch(() => undefined);
  }
}

function networkBody({ env, owner, info }: Making, range: AddressRange): object {
  return {
    Name: `coxswain-${hashOf(`${env.clusterId}/${env.nodeName}`, 12)}`,
    CheckDuplicate: true,
    Driver: 'bridge',
    Options: { 'com.docker.network.bridge.name': bridgeName(env, info) },
    Labels: ownLabels(env, owner, 'network'),
    IPAM: { Driver: 'default', Config: [{ Subnet: range.cidr, Gateway: range.gateway }] },
  };
}

/** The ranges to try: the one asked for, then others that follow from the node's name. */
function* ranges(env: RuntimeEnv): Generator<string> {
  if (env.podCidr !== undefined) yield env.podCidr;
  const [first = 0] = createHash('sha256').update(`${env.clusterId}/${env.nodeName}`).digest();
  for (let n = 0; n < triesMax; n++) yield `10.${245 + Math.floor(n / 32)}.${(first + n) % 256}.0/24`;
}

async function create(making: Making): Promise<NetworkAnswer> {
  const { engine, env } = making;
  await clearBridge(making);
  let last: unknown;
  for (const cidr of ranges(env)) {
    const range = new AddressRange(cidr);
    // Another engine of this machine has it: two bridges with one range would swallow each other's packets.
    if (await isOwnAddress(range.gateway)) continue;
    const body = networkBody(making, range);
    try {
      await engine.json('create the pod network', { method: 'POST', path: '/networks/create', body }, { timeoutMs: 20_000 });
    } catch (error) {
      last = error;
      // The range is taken, or the answer of an earlier try was lost: the list says which.
      if (!hasStatus(error, 400, 403, 409, 500, 0)) throw error;
    }
    const made = await existing(making);
    if (made !== undefined) return made;
  }
  throw new EngineError('create the pod network', 409, 'every range that was tried is taken by another network', last);
}
