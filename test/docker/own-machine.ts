import { execFileSync } from 'node:child_process';

const run = (program: string, ...args: readonly string[]): void => {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** A switch on this machine, for machines of the test's own: network namespaces with an address each. Needs root. */
export class OwnSwitch {
  readonly #bridge: string;
  readonly #subnet: string;
  readonly #namespaces: string[] = [];

  /** @param subnet The first three numbers of the range; this machine is number 1. */
  constructor(subnet: string) {
    this.#subnet = subnet;
    this.#bridge = `cxs${process.pid}`;
    run('ip', 'link', 'add', 'name', this.#bridge, 'type', 'bridge');
    run('ip', 'address', 'add', `${subnet}.1/24`, 'dev', this.#bridge);
    run('ip', 'link', 'set', this.#bridge, 'up');
    // Engines have what is bridged filtered like what is routed, and let through only their own.
    run('iptables', '-w', '-I', 'FORWARD', ...this.#lettingThrough());
  }

  /** A machine with the given number as the last of its address. */
  machine(number: number): OwnMachine {
    const name = `cxn${process.pid}-${number}`;
    const [here, there] = [`cxh${process.pid}${number}`, `cxt${process.pid}${number}`];
    const address = `${this.#subnet}.${number}`;
    run('ip', 'netns', 'add', name);
    this.#namespaces.push(name);
    run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
    run('ip', 'link', 'set', here, 'master', this.#bridge, 'up');
    const inside = ['netns', 'exec', name, 'ip'];
    run('ip', ...inside, 'link', 'set', 'lo', 'up');
    run('ip', ...inside, 'address', 'add', `${address}/24`, 'dev', there);
    run('ip', ...inside, 'link', 'set', there, 'up');
    run('ip', ...inside, 'route', 'add', 'default', 'via', `${this.#subnet}.1`);
    return { address, namespace: `/var/run/netns/${name}` };
  }

  close(): void {
    for (const name of this.#namespaces) run('ip', 'netns', 'del', name);
    run('iptables', '-w', '-D', 'FORWARD', ...this.#lettingThrough());
    run('ip', 'link', 'del', this.#bridge);
  }

  #lettingThrough(): readonly string[] {
    return ['-i', this.#bridge, '-o', this.#bridge, '-j', 'ACCEPT'];
  }
}

/** A machine of its own as far as the network goes. */
export interface OwnMachine {
  readonly address: string;
  /** Its network namespace, as a file. */
  readonly namespace: string;
}
