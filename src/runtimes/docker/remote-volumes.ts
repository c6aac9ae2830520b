import { createHash } from 'node:crypto';
import { packTar, unpackTar } from 'modern-tar';
import { RuntimeError } from '../../errors.ts';
import type { Clock } from '../../env/clock.ts';
import { unsupported } from '../runtime-failure.ts';
import type { ResolvedMount, VolumeContent, VolumeFile } from '../runtime.ts';
import type { MountSource } from './container-spec.ts';
import type { Labels } from './docker-labels.ts';
import { hasStatus } from './engine-answered.ts';
import type { Engine } from './engine.ts';
import { insist } from './insist.ts';
import { makeEngineVolume, mountOfVolume, persistentFolderMode } from './local-volumes.ts';
import type { PodVolumes } from './local-volumes.ts';
import { fixedHeader, VolumeHelper, volumeRoot } from './volume-helper.ts';
import type { VolumeHelperParts } from './volume-helper.ts';

export interface RemoteVolumesParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly architecture: string;
  /** Of volumes that go with the pod, of those that are persistent, and of the helper that is made to write files. */
  readonly labels: { readonly own: Labels; readonly persistent: Labels; readonly helper: Labels };
  readonly sandboxId: string;
}

type VolumeKind = VolumeContent['type'] | 'memory';
type Files = Extract<VolumeContent, { readonly type: 'files' }>;

/** The folders that hold the present version of files and the next one, in turn. */
const slots = ['..a', '..b'] as const;
type Slot = (typeof slots)[number];

/** The volume itself, as the archive of a folder above it has it. */
const openFolder = { name: 'volume/', type: 'directory', size: 0, mode: 0o777, ...fixedHeader } as const;

/**
 * The volumes of one pod on an engine that does not see this machine's files: volumes of the engine. Files are sent as an archive,
 * through a container that is made for it and never started. Paths of the host are those of the engine's machine, and not looked at.
 */
export class RemoteVolumes implements PodVolumes {
  readonly #parts: RemoteVolumesParts;
  readonly #places = new Map<string, MountSource>();
  readonly #kinds = new Map<string, VolumeKind>();
  readonly #sent = new Map<string, { readonly version: string; readonly slot: Slot }>();

  constructor(parts: RemoteVolumesParts) {
    this.#parts = parts;
  }

  async prepare(name: string, content: VolumeContent, signal: AbortSignal): Promise<void> {
    const { engine, clock, labels } = this.#parts;
    const path = content.type === 'hostPath' || content.type === 'persistent' ? content.path : undefined;
    if (path !== undefined) {
      this.#places.set(name, { type: 'bind', source: path, subPath: '' });
      return;
    }
    const source = content.type === 'persistent' ? content.name : this.#nameOf(name);
    if (content.type === 'files') await this.#writeFiles(source, content, signal);
    else if (!this.#places.has(name)) {
      const ofPod = content.type === 'emptyDir';
      const inMemory = ofPod && content.medium === 'Memory' ? { DriverOpts: memoryOf(content.sizeLimitBytes) } : {};
      await makeEngineVolume(engine, clock, { Name: source, Labels: ofPod ? labels.own : labels.persistent, ...inMemory }, signal);
      // Whoever the program is, it may write here.
      if (ofPod && content.medium !== 'Memory') await this.#open(source, signal);
    }
    this.#places.set(name, { type: 'volume', source, subPath: '' });
    this.#kinds.set(name, content.type === 'emptyDir' && content.medium === 'Memory' ? 'memory' : content.type);
  }

  async locate(mount: ResolvedMount, _copies: string, signal: AbortSignal): Promise<MountSource> {
    const place = this.#places.get(mount.volumeName);
    if (place === undefined) throw new RuntimeError('RUNTIME_CONFIG', `volume "${mount.volumeName}" was not prepared`);
    if (place.type === 'volume') return this.#locateInVolume(place.source, mount, signal);
    if (mount.subPath.split('/').includes('..'))
      throw new RuntimeError('RUNTIME_CONFIG', `subPath "${mount.subPath}" of volume "${mount.volumeName}" must stay inside the volume`);
    return mount.subPath === '' ? place : { ...place, source: `${place.source}/${mount.subPath}` };
  }

  #locateInVolume(source: string, mount: ResolvedMount, signal: AbortSignal): Promise<MountSource> {
    const kind = this.#kinds.get(mount.volumeName);
    // It is there only while a container that runs has it mounted: nobody could make the folder before.
    if (kind === 'memory' && mount.subPath !== '')
      throw unsupported(
        'docker',
        `subPath "${mount.subPath}" of volume "${mount.volumeName}"`,
        'it is in the memory of an engine elsewhere',
      );
    const mode = kind === 'files' ? undefined : kind === 'persistent' ? persistentFolderMode : 0o777;
    return mountOfVolume(this.#helper, source, mount, mode, signal);
  }

  /** By their names, so that a host that has found the pod does not need to have made them. */
  async remove(signal: AbortSignal): Promise<void> {
    const { engine, labels, sandboxId } = this.#parts;
    const label = [...Object.entries(labels.own).map(([key, value]) => `${key}=${value}`)].filter(
      (each) => !each.startsWith('coxswain.owner'),
    );
    const query = { filters: JSON.stringify({ label }) };
    const found = await engine.json<{ readonly Volumes: readonly { readonly Name: string }[] | null }>(
      'list volumes',
      { method: 'GET', path: '/volumes', query },
      { signal },
    );
    const ours = (found.Volumes ?? []).filter(({ Name }) => Name.startsWith(prefixOf(sandboxId)));
    for (const { Name } of ours) {
      const remove = (): Promise<unknown> =>
        engine.json('remove a volume', { method: 'DELETE', path: `/volumes/${Name}` }, { signal }).catch((error: unknown) => {
          if (!hasStatus(error, 404)) throw error;
        });
      await insist(this.#parts.clock, signal, () =>
        remove().catch(async (error: unknown) => {
          if (!hasStatus(error, 409)) throw error;
          await VolumeHelper.clear({ engine, labels: labels.helper }, Name, signal);
          await remove();
        }),
      );
    }
    this.#places.clear();
    this.#kinds.clear();
    this.#sent.clear();
  }

  #nameOf(name: string): string {
    return `${prefixOf(this.#parts.sandboxId)}${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
  }

  async #open(source: string, signal: AbortSignal): Promise<void> {
    const archive = await packTar([{ header: openFolder }]);
    await this.#withHelper(source, signal, (helper) => helper.put(archive, '/'));
  }

  #withHelper(source: string, signal: AbortSignal, work: (helper: VolumeHelper) => Promise<void>): Promise<void> {
    return VolumeHelper.with(this.#helper, source, signal, work);
  }

  get #helper(): VolumeHelperParts {
    const { engine, clock, architecture, labels } = this.#parts;
    return { engine, clock, architecture, labels: labels.helper };
  }

  /**
   * As a kubelet lays them out: a link leads to the folder of the present version, so that readers see no half of an update. What was in
   * the other folder goes, and at last the version before: an engine removes a folder where the archive has a file of that name.
   */
  async #writeFiles(source: string, { files, fsGroup }: Files, signal: AbortSignal): Promise<void> {
    const { engine, clock, labels } = this.#parts;
    const version = versionOf(files);
    const sent = this.#sent.get(source);
    if (sent?.version === version) return;
    await makeEngineVolume(engine, clock, { Name: source, Labels: labels.own }, signal);
    const gid = fsGroup ?? 0;
    const names = [...new Set(files.map(({ path }) => path.split('/')[0]!))];
    await this.#withHelper(source, signal, async (helper) => {
      const before = sent?.slot ?? (await slotIn(helper));
      const [slot, other] = before === '..a' ? (['..b', '..a'] as const) : slots;
      const archive = await packTar([
        nothing(slot),
        { header: { name: `${slot}/`, type: 'directory', size: 0, mode: 0o755, ...fixedHeader } },
        ...files.map(({ path, content, mode }) => ({
          header: { name: `${slot}/${path}`, type: 'file' as const, size: content.length, mode, ...fixedHeader, gid },
          body: content,
        })),
        link('..data', slot),
        ...names.map((name) => link(name, `..data/${name}`)),
        nothing(other),
      ]);
      await helper.put(archive, volumeRoot);
      this.#sent.set(source, { version, slot });
    });
  }
}

/** Where the version is that an earlier host has sent; undefined if there is none. */
async function slotIn(helper: VolumeHelper): Promise<string | undefined> {
  const found = await helper.get(`${volumeRoot}/..data`);
  return found === undefined ? undefined : (await unpackTar(found))[0]?.header.linkname;
}

const nothing = (name: string) => ({
  header: { name, type: 'file' as const, size: 0, mode: 0o444, ...fixedHeader },
  body: new Uint8Array(),
});
const link = (name: string, linkname: string) => ({
  header: { name, type: 'symlink' as const, size: 0, mode: 0o777, linkname, ...fixedHeader },
});

const prefixOf = (sandboxId: string): string => `coxswain-${createHash('sha256').update(sandboxId).digest('hex').slice(0, 16)}-`;

function versionOf(files: readonly VolumeFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content, mode } of files) hash.update(`${path}\0${mode}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 12);
}

const memoryOf = (sizeBytes: number | undefined): Readonly<Record<string, string>> => ({
  type: 'tmpfs',
  device: 'tmpfs',
  o: `mode=1777${sizeBytes === undefined ? '' : `,size=${sizeBytes}`}`,
});
