import type { Container, Volume } from '../api/generated/models.ts';
import type { Instant } from '../env/clock.ts';
import type { VolumeContent } from '../runtimes/runtime.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { StoredPod } from './pod-containers.ts';
import type { PodFacts } from './field-values.ts';
import { sameContent, volumeContent } from './volume-contents.ts';
import { volumeFailure } from './volume-files.ts';

interface Token {
  readonly token: string;
  readonly refreshAtMs: Instant;
}

/** The objects whose changes reach a pod's volumes or environment: `ConfigMap/<namespace>/<name>`. */
export function referencesOf(pod: StoredPod): ReadonlySet<string> | undefined {
  const { spec } = pod;
  if (spec === undefined) return undefined;
  if (spec.volumes === undefined && spec.initContainers === undefined && spec.containers.every(refersToNothing)) return undefined;
  const found = new Set<string>();
  const add = (kind: string, name: string | undefined): void =>
    void (name === undefined ? undefined : found.add(`${kind}/${pod.metadata.namespace}/${name}`));
  for (const volume of spec.volumes ?? []) addVolume(pod, volume, add);
  for (const { env, envFrom } of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) {
    for (const { valueFrom } of env ?? []) {
      add('ConfigMap', valueFrom?.configMapKeyRef?.name);
      add('Secret', valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      add('ConfigMap', configMapRef?.name);
      add('Secret', secretRef?.name);
    }
  }
  return found.size === 0 ? undefined : found;
}

const refersToNothing = ({ env, envFrom }: Container): boolean => env === undefined && envFrom === undefined;

function addVolume(pod: StoredPod, volume: Volume, add: (kind: string, name: string | undefined) => void): void {
  add('ConfigMap', volume.configMap?.name);
  add('Secret', volume.secret?.secretName);
  add('PersistentVolumeClaim', volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral !== undefined) add('PersistentVolumeClaim', `${pod.metadata.name}-${volume.name}`);
  for (const source of volume.projected?.sources ?? []) {
    add('ConfigMap', source.configMap?.name);
    add('Secret', source.secret?.name);
  }
}

/** True if the volume's contents may change while the pod runs. */
const isUpdated = (volume: Volume): boolean => (volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected) !== undefined;

/** The volumes of one pod: made before its containers, and made anew when what they show has changed. */
export class PodVolumes {
  readonly #parts: KubeletParts;
  readonly #prepared = new Map<string, VolumeContent>();
  readonly #tokens = new Map<string, Token>();

  constructor(parts: KubeletParts) {
    this.#parts = parts;
  }

  /** When a service account token must be replaced. */
  get refreshAt(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const { refreshAtMs } of this.#tokens.values()) if (earliest === undefined || refreshAtMs < earliest) earliest = refreshAtMs;
    return earliest;
  }

  /** What all volumes hold now; rejects with the name of the one that cannot be made in front. */
  async resolve(pod: StoredPod, facts: PodFacts): Promise<ReadonlyMap<string, VolumeContent>> {
    await this.#issueTokens(pod);
    const contents = new Map<string, VolumeContent>();
    for (const volume of pod.spec?.volumes ?? []) contents.set(volume.name, this.#content(pod, volume, facts));
    return contents;
  }

  /** Prepares every volume of a sandbox that is new. */
  async prepare(sandboxId: string, contents: ReadonlyMap<string, VolumeContent>): Promise<void> {
    for (const [name, content] of contents) await this.#prepare(sandboxId, name, content);
  }

  /** Brings those up to date whose contents have changed. */
  async update(pod: StoredPod, sandboxId: string, facts: PodFacts): Promise<void> {
    await this.#issueTokens(pod);
    for (const volume of pod.spec?.volumes ?? []) {
      if (!isUpdated(volume)) continue;
      const content = this.#content(pod, volume, facts);
      const known = this.#prepared.get(volume.name);
      if (known === undefined || !sameContent(known, content)) await this.#prepare(sandboxId, volume.name, content);
    }
  }

  async #prepare(sandboxId: string, name: string, content: VolumeContent): Promise<void> {
    const { calls, runtime, timeouts } = this.#parts;
    await calls.run('work', 'prepareVolume', timeouts.workMs, (options) => runtime.prepareVolume(sandboxId, name, content, options));
    this.#prepared.set(name, content);
  }

  #content(pod: StoredPod, volume: Volume, facts: PodFacts): VolumeContent {
    try {
      const token = (path: string): string | undefined => this.#tokens.get(`${volume.name}/${path}`)?.token;
      return volumeContent(pod, volume, this.#parts.source, { ...facts, token });
    } catch (error) {
      throw volumeFailure(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`);
    }
  }

  /** Gets the tokens that projections ask for, and new ones for those that have lived four fifths of their time. */
  async #issueTokens(pod: StoredPod): Promise<void> {
    const { tokens, clock } = this.#parts;
    if (tokens === undefined) return;
    for (const volume of pod.spec?.volumes ?? []) {
      for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
        if (serviceAccountToken === undefined) continue;
        const { path, audience, expirationSeconds = 3600 } = serviceAccountToken;
        const key = `${volume.name}/${path}`;
        const now = clock.now();
        if ((this.#tokens.get(key)?.refreshAtMs ?? now) > now) continue;
        const { name, uid, namespace = '' } = pod.metadata;
        const serviceAccount = pod.spec?.serviceAccountName ?? 'default';
        const issued = await tokens.issue({ namespace, serviceAccount, pod: { name, uid }, audience, expirationSeconds });
        this.#tokens.set(key, { token: issued.token, refreshAtMs: now + Math.round((issued.expiresAtMs - now) * 0.8) });
      }
    }
  }
}
