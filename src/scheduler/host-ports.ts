/** A port that a pod takes on its node's own address. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const anyAddress = '0.0.0.0';

/** The host ports taken on one node. The same port may be taken on several addresses, but not besides 0.0.0.0. */
export class HostPorts {
  /** By protocol and port: how many pods take it on each address. */
  readonly #taken = new Map<string, Map<string, number>>();

  add(port: HostPort): void {
    const key = keyOf(port);
    const byAddress = this.#taken.get(key) ?? new Map<string, number>();
    this.#taken.set(key, byAddress);
    byAddress.set(port.ip, (byAddress.get(port.ip) ?? 0) + 1);
  }

  remove(port: HostPort): void {
    const key = keyOf(port);
    const byAddress = this.#taken.get(key);
    if (byAddress === undefined) return;
    const left = (byAddress.get(port.ip) ?? 0) - 1;
    if (left > 0) byAddress.set(port.ip, left);
    else byAddress.delete(port.ip);
    if (byAddress.size === 0) this.#taken.delete(key);
  }

  conflicts(port: HostPort): boolean {
    const byAddress = this.#taken.get(keyOf(port));
    if (byAddress === undefined) return false;
    return port.ip === anyAddress || byAddress.has(port.ip) || byAddress.has(anyAddress);
  }
}

const keyOf = ({ protocol, port }: HostPort): string => `${protocol}/${port}`;
