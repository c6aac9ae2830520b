import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hash32 } from '../../env/seeded-random.ts';
import { ConfigurationError } from '../../errors.ts';
import { AddressRange, formatIpv4, parseIpv4 } from '../address-range.ts';
import { addressesExhausted } from '../runtime-failure.ts';
import type { PodAddress } from '../runtime.ts';
import { DirectAttachment } from './loopback-network.ts';
import type { PodAttachment, PodNetwork, PodNetworkRequest } from './pod-network.ts';

const rangesTried = 256;

/**
 * A network namespace for each pod, tied by a pair of virtual Ethernet devices to a bridge of the node: a program may listen on every
 * address without being in anybody's way. Pods reach each other and the machine; the world beyond only where the machine forwards.
 */
export class NamespaceNetwork implements PodNetwork {
  readonly cidr: string;
  readonly hostAddress: string;
  /** A shell command that removes everything of this network, for a guard. */
  readonly removal: string;
  readonly #range: AddressRange;
  readonly #name: string;
  readonly #keep: boolean;
  readonly #slots = new Map<string, number>();

  private constructor(name: string, range: AddressRange, keep: boolean) {
    this.#name = name;
    this.#range = range;
    this.#keep = keep;
    this.cidr = range.cidr;
    this.hostAddress = range.gateway;
    this.removal = `iptables -D ${acceptRule(name).join(' ')} 2>/dev/null; for n in $(ip netns list | cut -d' ' -f1 | grep '^${name}-'); do ip netns del $n; done; ip link del ${name}`;
  }

  /**
   * Makes the node's bridge, or takes up the one an earlier host left.
   *
   * @param keep Whether closing leaves the bridge and the namespaces as they are.
   * @throws ConfigurationError if this machine or user cannot do that.
   */
  static async open(identity: string, preferred: string | undefined, keep: boolean): Promise<NamespaceNetwork> {
    if (process.platform !== 'linux') throw new ConfigurationError("network: 'namespace' needs Linux");
    const name = `cxw${hash32(identity).toString(16).padStart(8, '0')}`;
    const before = await bridgeAddress(name);
    const range = before ?? (await freeRange(identity, preferred));
    const network = new NamespaceNetwork(name, range, keep);
    if (before !== undefined && keep) return network;
    await network.#clear();
    await ip([
      `link add ${name} type bridge`,
      `addr add ${range.gateway}/${range.cidr.split('/')[1]} dev ${name}`,
      `link set ${name} up`,
    ]).catch((cause: unknown) => {
      const hint = "it needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN) and the command 'ip': leave the option out for loopback addresses";
      throw new ConfigurationError(`network: 'namespace' cannot be had on this machine: ${hint}`, { cause });
    });
    if (await isBridgeFiltered()) await run('iptables', ['-I', ...acceptRule(name)]).catch(() => undefined);
    return network;
  }

  async attach({ podUid, hostNetwork, previous }: PodNetworkRequest): Promise<PodAttachment> {
    if (hostNetwork) return new DirectAttachment(this.hostAddress);
    const kept = previous !== undefined && this.#range.reserve(previous.ip) ? this.#range.slotOf(previous.ip) : undefined;
    const slot = this.#slots.get(podUid) ?? kept ?? this.#range.take();
    if (slot === undefined) throw addressesExhausted(this.cidr, { kind: 'Pod', name: podUid });
    this.#slots.set(podUid, slot);
    const namespace = this.#namespace(slot);
    const address = this.#range.address(slot);
    if (kept === undefined || !(await namespaces()).includes(namespace)) {
      const veth = `v${this.#name.slice(3)}${slot.toString(16)}`;
      await ip([`netns del ${namespace}`]).catch(() => undefined);
      await ip([
        `netns add ${namespace}`,
        `link add ${veth} type veth peer name eth0 netns ${namespace}`,
        `link set ${veth} master ${this.#name} up`,
      ]);
      const bits = this.cidr.split('/')[1];
      const inside = [
        `addr add ${address}/${bits} dev eth0`,
        'link set eth0 up',
        'link set lo up',
        `route add default via ${this.hostAddress}`,
      ];
      await ip(inside, ['-n', namespace]);
    }
    return new NamespaceAttachment(address, namespace);
  }

  async detach(podUid: string): Promise<void> {
    const slot = this.#slots.get(podUid);
    if (slot === undefined) return;
    this.#slots.delete(podUid);
    // The pair of devices goes with the namespace.
    await ip([`netns del ${this.#namespace(slot)}`]).catch(() => undefined);
    this.#range.release(slot);
  }

  async close(): Promise<void> {
    if (!this.#keep) await this.#clear();
  }

  #namespace(slot: number): string {
    return `${this.#name}-${slot.toString(16)}`;
  }

  async #clear(): Promise<void> {
    const mine = (await namespaces()).filter((name) => name.startsWith(`${this.#name}-`));
    for (const namespace of mine) await ip([`netns del ${namespace}`]).catch(() => undefined);
    await ip([`link del ${this.#name}`]).catch(() => undefined);
    if (await isBridgeFiltered()) await run('iptables', ['-D', ...acceptRule(this.#name)]).catch(() => undefined);
  }
}

/** A pod with a network of its own: its programs may listen on any address of it. */
class NamespaceAttachment implements PodAttachment {
  readonly ip: string;
  readonly bindHost: string;
  readonly mapped = {};
  readonly commandPrefix: readonly string[];

  constructor(address: string, namespace: string) {
    this.ip = address;
    this.bindHost = address;
    this.commandPrefix = ['ip', 'netns', 'exec', namespace];
  }

  bindPort(port: number): number {
    return port;
  }

  reach(port: number): PodAddress {
    return { host: this.ip, port };
  }
}

/** Lets what stays on the bridge pass: where Docker runs, the machine's firewall is asked about it, and refuses. */
function acceptRule(bridge: string): readonly string[] {
  return ['FORWARD', '-i', bridge, '-o', bridge, '-j', 'ACCEPT'];
}

async function isBridgeFiltered(): Promise<boolean> {
  return (await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'latin1').catch(() => '0')).trim() === '1';
}

const run = promisify(execFile);

/** Runs commands of `ip`, one after the other, in one process. Rejects at the first that fails. */
function ip(commands: readonly string[], options: readonly string[] = []): Promise<string> {
  const args = [...options, '-batch', '-'];
  return new Promise((resolve, reject) => {
    const child = execFile('ip', args, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
    child.stdin?.on('error', () => undefined).end(commands.map((command) => `${command}\n`).join(''));
  });
}

async function namespaces(): Promise<readonly string[]> {
  const list = await ip(['netns list']).catch(() => '');
  return list.split('\n').map((line) => line.split(' ')[0] ?? '');
}

/** IPv4 ranges that devices of this machine are on: `2: eth0    inet 192.0.2.7/24 ...`. */
async function rangesInUse(): Promise<readonly { readonly device: string; readonly address: string; readonly bits: number }[]> {
  const list = await ip(['addr show'], ['-o', '-4']).catch(() => '');
  return [...list.matchAll(/^\d+: (\S+)\s+inet ([\d.]+)\/(\d+)/gm)].map(([, device = '', address = '', bits = '']) => ({
    device,
    address,
    bits: Number(bits),
  }));
}

async function bridgeAddress(name: string): Promise<AddressRange | undefined> {
  const own = (await rangesInUse()).find(({ device }) => device === name);
  return own === undefined ? undefined : new AddressRange(`${own.address}/${own.bits}`);
}

/** A range that no device of this machine is on: the one asked for if it is free. */
async function freeRange(identity: string, preferred: string | undefined): Promise<AddressRange> {
  const used = await rangesInUse();
  const candidates = preferred === undefined || preferred.startsWith('127.') ? [] : [preferred];
  for (let n = 0; n < rangesTried; n++) {
    const hash = hash32(`${identity}/${n}`);
    candidates.push(`10.${(hash >>> 8) & 255}.${hash & 255}.0/24`);
  }
  const found = candidates.find((candidate) => !used.some(({ address, bits }) => overlap(candidate, `${address}/${bits}`)));
  if (found === undefined) throw new ConfigurationError('no range of addresses is free on this machine: give the node a podCidr');
  return new AddressRange(found);
}

function overlap(one: string, other: string): boolean {
  const [a = '', aBits = ''] = one.split('/');
  const [b = '', bBits = ''] = other.split('/');
  const size = 2 ** (32 - Math.min(Number(aBits), Number(bBits)));
  const start = (text: string): string => formatIpv4(Math.floor((parseIpv4(text) ?? 0) / size) * size);
  return start(a) === start(b);
}
