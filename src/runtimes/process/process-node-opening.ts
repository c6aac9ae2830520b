import { execFile } from 'node:child_process';
import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigurationError } from '../../errors.ts';
import { NamespaceNetwork } from '../network/namespace-network.ts';
import { openNetwork } from '../network/open-network.ts';
import type { RuntimeEnv } from '../runtime.ts';
import { SandboxBook } from '../sandbox-book.ts';
import { ControlGroups } from './control-groups.ts';
import { DirectLauncher } from './direct-launcher.ts';
import { readWhole, writeWhole } from './node-state.ts';
import type { SavedNode } from './node-state.ts';
import { OpenProcessNode } from './open-process-node.ts';
import type { ProcessContainer } from './process-container.ts';
import { ProcessGuard } from './process-guard.ts';
import { ProcessInspector } from './process-inspector.ts';
import { ProcessNode } from './process-node.ts';
import type { ProcessPod } from './process-pod.ts';
import { ownerVariable, ProcessScanner } from './process-scanner.ts';
import { sendSignal } from './process-tree.ts';
import { ShimLauncher } from './shim-launcher.ts';

const sharedMemory = '/dev/shm';
const sweepRoundsMax = 100;

export interface OpeningOptions {
  readonly network: 'auto' | 'mapped' | 'namespace';
  readonly controlGroups: 'auto' | 'off';
  readonly inheritEnv: readonly string[];
  readonly onEvent: (podUid: string) => void;
}

/** Opens a node: takes its addresses, sets its guard, and takes up (`keep`) or clears away (`kill`) what an earlier host left. */
export async function openProcessNode(env: RuntimeEnv, options: OpeningOptions): Promise<OpenProcessNode> {
  const { network: mode, inheritEnv, onEvent } = options;
  if (process.platform === 'win32') {
    throw new ConfigurationError('the process runtime needs Linux or macOS: take the in-process or the docker runtime on Windows');
  }
  const { clock, logger, stateDir } = env;
  const keep = env.onHostDeath === 'keep';
  const saved = await readWhole<SavedNode>(join(stateDir, 'node.json'));
  if (!keep && saved !== undefined) await sweep(saved, env);
  const owner = (keep ? saved?.owner : undefined) ?? Buffer.from(env.secureRandom.bytes(16)).toString('hex');
  const identity = `${env.clusterId}/${env.nodeName}`;
  const preferred = saved?.cidr ?? env.podCidr;
  const isolated = mode === 'namespace' ? await NamespaceNetwork.open(owner, preferred, keep) : undefined;
  const network = isolated ?? (await openNetwork(identity, mode === 'mapped' ? 'mapped' : 'auto', preferred));
  if (keep && saved !== undefined && saved.cidr !== network.cidr) {
    await network.close();
    throw new ConfigurationError(
      `node "${env.nodeName}" left pods on ${saved.cidr}, which another cluster of this machine uses now: end that one first`,
    );
  }
  const memoryFolder = await sharedMemoryFolder(owner);
  const folders = memoryFolder === undefined ? [stateDir] : [stateDir, memoryFolder];
  const groups = options.controlGroups === 'off' ? undefined : await ControlGroups.open(`coxswain-${owner.slice(0, 16)}`);
  const controlGroup = groups?.unified ?? '';
  const lastly = [isolated?.removal, groups?.removal].filter((command) => command !== undefined).join('; ');
  const guard = keep ? undefined : await ProcessGuard.start({ mark: `${ownerVariable}=${owner}`, controlGroup, lastly, folders });
  await mkdir(stateDir, { recursive: true, mode: 0o711 });
  const state: SavedNode = { owner, cidr: network.cidr, controlGroup, removal: lastly, folders };
  await writeWhole(join(stateDir, 'node.json'), state);
  const book = new SandboxBook<ProcessContainer, ProcessPod>();
  const scanner = new ProcessScanner(owner, clock);
  const launcher = keep ? new ShimLauncher(clock) : new DirectLauncher(clock);
  const node = new ProcessNode({ clock, logger, keep, scanner, guard, launcher, groups, onChange: onEvent });
  const inspector = new ProcessInspector({
    clock,
    scanner,
    sandboxes: () => book.all(),
    mayListenAnywhere: (pod) => isolated !== undefined || (pod as ProcessPod).record.hostNetwork,
    kernelLimitsMemory: groups?.limitsMemory === true,
    changed: onEvent,
  });
  const open = new OpenProcessNode({ owner, env, network, node, inspector, book, memoryFolder, inheritEnv });
  if (keep) await open.adopt();
  return open;
}

/** Ends what an earlier host left running, and forgets it. */
async function sweep({ owner, controlGroup, removal, folders }: SavedNode, { clock }: RuntimeEnv): Promise<void> {
  const scanner = new ProcessScanner(owner, clock);
  if (controlGroup !== '') await writeFile(join(controlGroup, 'cgroup.kill'), '1').catch(() => undefined);
  for (let round = 0; round < sweepRoundsMax; round++) {
    const left = await scanner.owned();
    if (left.length === 0) break;
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    await clock.sleep(10);
  }
  if (removal !== '') await promisify(execFile)('/bin/sh', ['-c', removal]).catch(() => undefined);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** A folder of this node's own in memory, made on first use; undefined where the machine has no such thing. */
async function sharedMemoryFolder(owner: string): Promise<string | undefined> {
  const usable = await access(sharedMemory, constants.W_OK).then(
    () => true,
    () => false,
  );
  return usable ? join(sharedMemory, `coxswain-${owner.slice(0, 16)}`) : undefined;
}
