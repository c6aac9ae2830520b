import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from '../../env/logger.ts';

const run = promisify(execFile);

export interface HostRulesParts {
  readonly logger: Logger;
  /** What the names of all bridges of the cluster begin with. */
  readonly bridges: string;
  readonly bridge: string;
  readonly podCidr: string;
  /** Where ClusterIPs come from, if containers are to reach them; undefined if not. */
  readonly serviceCidr: string | undefined;
}

type Command = readonly [program: string, ...args: string[]];

/**
 * What this machine's kernel has to let through, besides what the engine sets up: traffic between the cluster's own bridges, which
 * engines keep apart, with the pods' own addresses; and ClusterIPs as addresses of this machine, so that the service proxy can listen
 * at them. Needs Linux, root, `iptables` and `ip`; without them pods of different nodes do not reach each other, and the log says so.
 */
export class HostRules {
  /** What undoes them, for whoever clears up. */
  readonly undo: readonly Command[];
  /** `rules`: pods of all nodes of the machine reach each other; `none`: only those of one node do. */
  readonly reach: 'rules' | 'none';

  private constructor(undo: readonly Command[], reach: HostRules['reach']) {
    this.undo = undo;
    this.reach = reach;
  }

  /** Makes them. Never rejects: what cannot be had is logged. */
  static async open({ logger, bridges, bridge, podCidr, serviceCidr }: HostRulesParts): Promise<HostRules> {
    if (!mayTellKernel()) {
      logger.info({ bridge }, 'without root on Linux, pods reach only pods of their own node by address, and no ClusterIP');
      return new HostRules([], 'none');
    }
    const tag = ['-m', 'comment', '--comment', bridge];
    const between = ['-i', `${bridges}+`, '-o', bridge, ...tag, '-j', 'ACCEPT'];
    const unchanged = ['-s', podCidr, '-o', `${bridges}+`, ...tag, '-j', 'ACCEPT'];
    // Docker 28 drops what comes for a container's address from elsewhere than its bridge, before anybody else is asked.
    const direct = ['-i', `${bridges}+`, '-d', podCidr, ...tag, '-j', 'ACCEPT'];
    const wanted: (readonly [make: Command, undo: Command])[] = [
      [
        ['iptables', '-w', '-t', 'raw', '-I', 'PREROUTING', ...direct],
        ['iptables', '-w', '-t', 'raw', '-D', 'PREROUTING', ...direct],
      ],
      [
        ['iptables', '-w', '-I', 'DOCKER-USER', ...between],
        ['iptables', '-w', '-D', 'DOCKER-USER', ...between],
      ],
      [
        ['iptables', '-w', '-t', 'nat', '-I', 'POSTROUTING', ...unchanged],
        ['iptables', '-w', '-t', 'nat', '-D', 'POSTROUTING', ...unchanged],
      ],
    ];
    if (serviceCidr !== undefined) {
      const route = ['local', serviceCidr, 'dev', 'lo'];
      wanted.push([
        ['ip', 'route', 'add', ...route],
        ['ip', 'route', 'del', ...route],
      ]);
    }
    const undo: Command[] = [];
    for (const [make, back] of wanted) {
      try {
        // What an earlier host left is not doubled.
        if (make[0] === 'iptables') await execute(back).catch(() => undefined);
        await execute(make);
        undo.push(back);
      } catch (error) {
        // A route that is there is another node's, or another cluster's.
        if (make[0] === 'ip' && /File exists/.test((error as Error).message)) continue;
        logger.warn({ bridge, command: make.join(' '), error: (error as Error).message }, 'the kernel could not be told');
      }
    }
    // Those that are about pods. The route is about ClusterIPs; and a kernel without the table `raw` has no rules of an engine there either.
    const letThrough = undo.filter(([program, ...args]) => program === 'iptables' && !args.includes('raw'));
    return new HostRules(undo, letThrough.length === 2 ? 'rules' : 'none');
  }

  async close(): Promise<void> {
    for (const command of this.undo) await execute(command).catch(() => undefined);
  }
}

/** Whether this process may tell this machine's kernel anything. */
const mayTellKernel = (): boolean => process.platform === 'linux' && process.getuid?.() === 0;

/**
 * Removes the bridge of a network that the engine has lost: it never removes one that was there before the network was made (again).
 * One to which something is attached stays; so does any where this process may not. Never rejects: what cannot be done is logged.
 */
export async function removeLostBridge(bridge: string, logger: Logger): Promise<void> {
  if (!mayTellKernel()) return;
  try {
    if ((await readdir(attachedTo(bridge))).length > 0) return;
  } catch {
    // There is none.
    return;
  }
  try {
    await execute(['ip', 'link', 'del', bridge]);
    logger.info({ bridge }, 'a bridge was removed that the engine had lost');
  } catch (error) {
    logger.warn({ bridge, error: (error as Error).message }, 'a bridge that the engine has lost could not be removed');
  }
}

/** What is attached to a bridge of this machine is listed there; nothing is, for what is no bridge. */
const attachedTo = (bridge: string): string => `/sys/class/net/${bridge}/brif`;

async function execute([program, ...args]: Command): Promise<void> {
  await run(program, args, { timeout: 10_000 });
}
