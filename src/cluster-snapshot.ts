import { allocationsOf } from './admission/service-allocation.ts';
import { kindPrefix } from './api/keys.ts';
import { deepFreeze, type KubeObject, type StoredObject } from './api/object.ts';
import { formatTime } from './api/time.ts';
import { leaderLease } from './cluster-leadership.ts';
import type { Instant } from './env/clock.ts';
import { ConfigurationError, ParseError } from './errors.ts';
import { leaseKind } from './kinds/lease.ts';
import { secretKind } from './kinds/secret.ts';
import { serviceKind } from './kinds/service.ts';
import type { Store, StoreEntry, StoreList, WriteOp } from './stores/store.ts';

export interface SnapshotOptions {
  /**
   * `keep` (unless given): Secrets are in the snapshot as they are, in base64, the keys of the cluster's own certificates among them, so
   * treat it as you treat them. `redact`: Secrets are there with their keys and without their values.
   */
  readonly secrets?: 'keep' | 'redact';
}

/** What `Cluster.fromSnapshot` reads: a whole text, lines, or the pieces of a stream, wherever they were cut. */
export type SnapshotSource = string | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** The first line of a snapshot. */
interface Header {
  readonly snapshot: 'coxswain.dev/v1';
  readonly cluster: string;
  /** The revision of the store it is a picture of. */
  readonly revision: number;
  readonly takenAt: string;
  readonly secrets: 'keep' | 'redact';
}

const format = 'coxswain.dev/v1';
const leaderKey = `${kindPrefix(leaseKind)}${leaderLease.namespace}/${leaderLease.name}`;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
/** So many writes go to the store as one group. */
const groupSize = 500;

export interface ClusterSnapshotParts {
  readonly cluster: string;
  readonly store: Store;
  readonly now: () => Instant;
  readonly options: SnapshotOptions;
}

/**
 * All objects of a cluster at one revision, as lines of JSON: a header, each object in the order in which they came into being, and an end
 * that tells how many they are. The picture is taken when the first line is asked for; every iteration gives the same one.
 *
 * @example
 * for await (const line of cluster.snapshot()) process.stdout.write(line);
 */
export class ClusterSnapshot implements AsyncIterable<string> {
  readonly #parts: ClusterSnapshotParts;
  #picture: Promise<{ readonly header: Header; readonly entries: readonly StoreEntry[] }> | undefined;

  constructor(parts: ClusterSnapshotParts) {
    this.#parts = parts;
  }

  /** Every line ends with a line feed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    const { header, entries } = await (this.#picture ??= this.#take());
    yield `${JSON.stringify(header)}\n`;
    for (const { key, value } of entries) {
      const object = header.secrets === 'redact' && key.startsWith(kindPrefix(secretKind)) ? redacted(value as StoredObject) : value;
      yield `${JSON.stringify({ key, object })}\n`;
    }
    yield `${JSON.stringify({ end: true, objects: entries.length })}\n`;
  }

  /** All of it in one text. */
  async text(): Promise<string> {
    let text = '';
    for await (const line of this) text += line;
    return text;
  }

  async #take(): ReturnType<typeof pictureOf> {
    const { cluster, store, now, options } = this.#parts;
    return pictureOf(await store.list(''), { snapshot: format, cluster, takenAt: formatTime(now()), secrets: options.secrets ?? 'keep' });
  }
}

async function pictureOf(
  { entries, revision }: StoreList,
  about: Omit<Header, 'revision'>,
): Promise<{ readonly header: Header; readonly entries: readonly StoreEntry[] }> {
  const objects = entries.filter(({ key, value }) => (value as KubeObject).metadata?.uid !== undefined && key !== leaderKey);
  return { header: { ...about, revision }, entries: objects.sort((a, b) => a.createRevision - b.createRevision) };
}

/** A Secret that shows which keys it has. What kubectl remembers of it would give the values away. */
function redacted(secret: StoredObject): object {
  const { data, ...rest } = secret as StoredObject & { readonly data?: Readonly<Record<string, string>> };
  const { [lastApplied]: _applied, ...annotations } = secret.metadata.annotations ?? {};
  const metadata = secret.metadata.annotations === undefined ? secret.metadata : { ...secret.metadata, annotations };
  if (data === undefined) return { ...rest, metadata };
  return { ...rest, metadata, data: Object.fromEntries(Object.keys(data).map((key) => [key, ''])) };
}

/**
 * Fills an empty store with what a snapshot holds. Nothing is written before all of it has been read and found whole.
 * @throws ParseError for what is no snapshot, is cut off, or of a later version; ConfigurationError for a store that is not empty.
 */
export async function restoreSnapshot(store: Store, source: SnapshotSource): Promise<void> {
  const ops = await readOps(source);
  const { entries } = await store.list('', { limit: 1 });
  if (entries.length > 0)
    throw new ConfigurationError(`fromSnapshot: expected an empty store, found ${entries[0]!.key} in it: restore into a new one`);
  const all = store.shared ? ops.flatMap((op) => [op, ...allocations(op)]) : ops;
  for (let i = 0; i < all.length; i += groupSize) {
    const results = await store.write(all.slice(i, i + groupSize));
    const refused = results.findIndex((result) => !result.ok);
    if (refused >= 0)
      throw new ConfigurationError(`fromSnapshot: somebody else writes to the store: ${all[i + refused]!.key} is there already`);
  }
}

/** Where other processes may ask for addresses, those of Services are keys of their own. */
function allocations(op: WriteOp): readonly WriteOp[] {
  return op.key.startsWith(kindPrefix(serviceKind)) ? allocationsOf(op.value as Parameters<typeof allocationsOf>[0]) : [];
}

async function readOps(source: SnapshotSource): Promise<readonly WriteOp[]> {
  const ops: WriteOp[] = [];
  let number = 0;
  let ended = false;
  for await (const line of linesOf(source)) {
    number++;
    const value = parsed(line, number);
    if (number === 1) checkHeader(value);
    else if (ended) throw new ParseError(`snapshot line ${number}: expected nothing after the end, found ${line.slice(0, 60)}`);
    else if (value['end'] === true) {
      if (value['objects'] !== ops.length)
        throw new ParseError(`snapshot line ${number}: expected ${String(value['objects'])} objects, found ${ops.length}`);
      ended = true;
    } else ops.push(opOf(value, number));
  }
  if (number === 0) throw new ParseError('snapshot: expected a header, found nothing');
  if (!ended) throw new ParseError(`snapshot: cut off after line ${number}: the line that ends it is missing`);
  return ops;
}

function parsed(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below, as for JSON that is no object.
  }
  throw new ParseError(`snapshot line ${number}: expected a JSON object, found ${JSON.stringify(line.slice(0, 60))}`);
}

function checkHeader(header: Readonly<Record<string, unknown>>): void {
  const found = header['snapshot'];
  if (typeof found !== 'string') throw new ParseError(`snapshot line 1: expected {"snapshot":"${format}", ...}, found another JSON object`);
  if (found !== format)
    throw new ParseError(`snapshot line 1: expected the format ${format}, found ${found}: a newer version of this package made it`);
}

function opOf({ key, object }: Readonly<Record<string, unknown>>, number: number): WriteOp {
  const { metadata } = (object ?? {}) as KubeObject;
  if (typeof key !== 'string' || metadata?.uid === undefined || metadata.name === undefined)
    throw new ParseError(`snapshot line ${number}: expected {"key": ..., "object": ...} with the object's name and uid`);
  const { resourceVersion: _old, ...kept } = metadata;
  return { key, value: deepFreeze({ ...(object as KubeObject), metadata: kept }), expected: 0 };
}

async function* linesOf(source: SnapshotSource): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of typeof source === 'string' ? [source] : source) {
    rest += typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield rest;
}
