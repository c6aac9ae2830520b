import type { Client, WriteOptions } from '../api/client.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Clock } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { VolumeSource } from './volume-contents.ts';
import type { PodFacts } from './field-values.ts';
import type { StoredPod } from './pod-containers.ts';
import type { ClusterNames } from './pod-network-identity.ts';
import type { RuntimeCalls } from './runtime-calls.ts';
import type { StatusPool } from './status-pool.ts';
import type { TimeTexts } from '../api/time-texts.ts';

/** Issues the tokens of service accounts for `serviceAccountToken` volumes. */
export interface TokenSource {
  /** Milliseconds since the epoch. */
  issue(request: TokenRequest): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: { readonly name: string; readonly uid: string };
  /** undefined: the API server's own. */
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

/** How long the kubelet waits for a runtime call, in milliseconds; the runtime's own deadlines may be shorter. */
export interface CallTimeouts {
  /** Sandboxes, containers, volumes: 120,000, as the kubelet's runtime-request-timeout. */
  readonly workMs: number;
  /** Image pulls: 15 minutes. */
  readonly pullMs: number;
}

/** What the workers of one node share. */
export interface KubeletParts {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly client: Client;
  readonly view: ViewReader;
  readonly runtime: Runtime;
  readonly calls: RuntimeCalls;
  readonly timeouts: CallTimeouts;
  readonly names: ClusterNames;
  readonly source: VolumeSource;
  readonly tokens: TokenSource | undefined;
  readonly drainMs: number;
  /** With the kubelet's identity; the same object for every write. */
  readonly writeOptions: WriteOptions;
  readonly times: TimeTexts;
  readonly pool: StatusPool;
  /** The address of the node; '' until the runtime was opened. */
  readonly hostIp: string;
  readonly allocatable: PodFacts['allocatable'];
  /** The handlers that RuntimeClasses may name here, besides ''. */
  readonly runtimeHandlers: readonly string[];
  /** The variables of the Services a pod can see. */
  services(pod: StoredPod): readonly (readonly [string, string])[];
  /** True if a Service of the pod's namespace selects it. */
  isBehindService(pod: StoredPod): boolean;
  /** Records an Event about a pod, or about one of its containers. */
  event(pod: StoredPod, type: 'Normal' | 'Warning', reason: string, message: string, container?: ContainerRef): void;
  /** An image was pulled: the node's list of images has changed. */
  imagesChanged(): void;
}

/** A container inside its pod, as Events name it: `spec.containers{web}`. */
export interface ContainerRef {
  readonly name: string;
  readonly type: 'init' | 'sidecar' | 'container' | 'ephemeral';
}

export function fieldPathOf({ name, type }: ContainerRef): string {
  const list = type === 'container' ? 'containers' : type === 'ephemeral' ? 'ephemeralContainers' : 'initContainers';
  return `spec.${list}{${name}}`;
}
