import type { Clock } from '../../env/clock.ts';
import { ConfigurationError } from '../../errors.ts';
import type { RuntimeEnv } from '../runtime.ts';
import { labels, nodeFilter, overlayFilter } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { ListedContainer } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import { hasStatus, isUncertain } from './engine-answered.ts';
import { ownedByAnother } from './process-owner.ts';
import type { ProcessOwner } from './process-owner.ts';

const roundsMax = 50;
/** For what somebody else left: nobody waits long for that. */
const deadRoundsMax = 5;
const overlayTriesMax = 20;
const overlayPauseMs = 250;
const atATime = 8;
const ours = JSON.stringify({ label: [labels.role, labels.cluster, labels.node] });

interface Owned {
  readonly Labels?: Labels | null;
}

/** Removes everything that carries a node's labels: containers, then its network, then the volumes it made. False if something stays. */
export async function sweepNode(engine: Engine, clock: Clock, filters: string, rounds = roundsMax): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const left = await sweepOnce(engine, filters);
    if (left === 0) return true;
    if (round > 0) await clock.sleep(100);
  }
  return false;
}

/**
 * Removes the overlay network of a cluster if nobody uses it, which a manager of the swarm alone can: it knows some time after the last
 * container has gone. Best effort: whoever leaves last removes it, and what stays is taken up by the cluster's next node.
 */
export async function sweepOverlay(engine: Engine, clock: Clock, clusterId: string, tries = overlayTriesMax): Promise<void> {
  const query = { filters: overlayFilter(clusterId) };
  for (let n = 0; n < tries; n++) {
    if (n > 0) await clock.sleep(overlayPauseMs);
    try {
      const found = await engine.json<readonly { readonly Id: string }[]>('list networks', { method: 'GET', path: '/networks', query });
      if (found.length === 0) return;
      await removeNetworks(engine, found);
    } catch {
      // An engine that is away, or is no manager any more.
      return;
    }
  }
}

/** Containers that were made for a moment by a host that died meanwhile: no pod explains them. */
export async function sweepHelpers(engine: Engine, env: Pick<RuntimeEnv, 'clusterId' | 'nodeName'>): Promise<void> {
  const query = { all: true, filters: nodeFilter(env, { [labels.role]: 'helper' }) };
  const found = await engine.json<readonly ListedContainer[]>('list helpers', { method: 'GET', path: '/containers/json', query });
  await removeAll(
    engine,
    found.map(({ Id }) => `/containers/${Id}?force=1&v=1`),
  );
}

/** Returns how much was found. */
async function sweepOnce(engine: Engine, filters: string): Promise<number> {
  const list = <T>(path: string, query: Record<string, string | boolean>): Promise<T> =>
    engine.json<T>(`list ${path}`, { method: 'GET', path, query: { ...query, filters } });
  const containers = await list<readonly ListedContainer[]>('/containers/json', { all: true });
  await removeAll(
    engine,
    containers.map(({ Id }) => `/containers/${Id}?force=1&v=1`),
  );
  const networks = await list<readonly { readonly Id: string }[]>('/networks', {});
  await removeNetworks(engine, networks);
  const { Volumes: volumes } = await list<{ readonly Volumes: readonly { readonly Name: string }[] | null }>('/volumes', {});
  await removeAll(
    engine,
    (volumes ?? []).map(({ Name }) => `/volumes/${Name}`),
  );
  return containers.length + networks.length + (volumes?.length ?? 0);
}

/** Those that nobody uses: Podman would remove the others too, where Docker refuses. */
async function removeNetworks(engine: Engine, networks: readonly { readonly Id: string }[]): Promise<void> {
  const isUsed = async (id: string): Promise<boolean> => {
    const query = { filters: JSON.stringify({ network: [id] }) };
    const users = await engine.json<readonly unknown[]>('list users of a network', { method: 'GET', path: '/containers/json', query });
    return users.length > 0;
  };
  const used = engine.isPodman ? await Promise.all(networks.map(({ Id }) => isUsed(Id))) : [];
  await removeAll(
    engine,
    networks.filter((_network, n) => used[n] !== true).map(({ Id }) => `/networks/${Id}`),
  );
}

async function removeAll(engine: Engine, paths: readonly string[]): Promise<void> {
  const left = [...paths];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [path = '', options] = next.split('?');
      const query = options === undefined ? {} : Object.fromEntries(new URLSearchParams(options));
      try {
        await engine.json('remove what is left', { method: 'DELETE', path, query }, { timeoutMs: 20_000 });
      } catch (error) {
        // Gone meanwhile, or still in use by what is being removed: the next round sees.
        if (!hasStatus(error, 400, 403, 404, 409) && !isUncertain(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

/**
 * @param takeOver What a process of another machine started counts as left behind, though it runs.
 * @throws ConfigurationError if another process that lives, or of which nobody here can say that it does not, runs this node on this engine.
 */
export async function refuseSecondOwner(
  engine: Engine,
  env: Pick<RuntimeEnv, 'clusterId' | 'nodeName'>,
  owner: ProcessOwner,
  takeOver: boolean,
): Promise<void> {
  const query = { filters: nodeFilter(env) };
  const [networks, containers] = await Promise.all([
    engine.json<readonly Owned[]>('list networks', { method: 'GET', path: '/networks', query }),
    engine.json<readonly ListedContainer[]>('list containers', { method: 'GET', path: '/containers/json', query: { ...query, all: true } }),
  ]);
  const node = `node "${env.nodeName}" of cluster "${env.clusterId}"`;
  const other = [...containers, ...networks].find(({ Labels: its }) => ownedByAnother(its ?? {}, owner));
  if (other !== undefined) {
    const pid = other.Labels?.[labels.ownerPid];
    throw new ConfigurationError(
      `${node} is run on this engine by process ${pid}, which lives: end that one, or give the cluster or the node another name`,
    );
  }
  const away = containers.find(({ State, Labels: its }) => State === 'running' && its?.[labels.ownerHost] !== owner.host);
  if (away === undefined || takeOver) return;
  const { [labels.ownerPid]: pid, [labels.ownerHost]: host } = away.Labels ?? {};
  throw new ConfigurationError(
    `${node}: containers of it run on this engine that process ${pid} on "${host}" started (this is "${owner.host}"), which may live: give the ` +
      'cluster or the node another name, or, if that process has ended, open it with `takeOver: true`',
  );
}

/** Removes what processes of this machine left behind that have died, whatever their cluster, if it was to die with them. */
export async function sweepDead(engine: Engine, clock: Clock, owner: ProcessOwner): Promise<void> {
  const lists = await Promise.all([
    engine.json<readonly Owned[]>('list containers', { method: 'GET', path: '/containers/json', query: { filters: ours, all: true } }),
    engine.json<readonly Owned[]>('list networks', { method: 'GET', path: '/networks', query: { filters: ours } }),
  ]);
  const dead = new Set<string>();
  const clusters = new Set<string>();
  for (const { Labels: its } of lists.flat()) {
    if (its?.[labels.onHostDeath] !== 'kill' || its[labels.ownerHost] !== owner.host) continue;
    if (its[labels.ownerPid] === String(owner.pid) && its[labels.ownerStart] === owner.start) continue;
    if (ownedByAnother(its, owner)) continue;
    const keys = [labels.cluster, labels.node, labels.ownerPid, labels.ownerStart, labels.onHostDeath];
    dead.add(JSON.stringify({ label: keys.map((key) => `${key}=${its[key]}`) }));
    clusters.add(its[labels.cluster] ?? '');
  }
  await Promise.all([...dead].map((filters) => sweepNode(engine, clock, filters, deadRoundsMax)));
  await Promise.all([...clusters].map((clusterId) => sweepOverlay(engine, clock, clusterId, 1)));
}
