import type {
  ConfigMapManifest,
  PersistentVolumeClaimManifest,
  PersistentVolumeManifest,
  SecretManifest,
  ServiceManifest,
} from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { configMapKind } from '../kinds/config-map.ts';
import { persistentVolumeClaimKind } from '../kinds/persistent-volume-claim.ts';
import { persistentVolumeKind } from '../kinds/persistent-volume.ts';
import { secretKind } from '../kinds/secret.ts';
import { serviceKind } from '../kinds/service.ts';
import type { StoredPod } from './pod-containers.ts';
import { serviceVariables } from './service-variables.ts';
import type { VolumeSource } from './volume-contents.ts';

type Variables = readonly (readonly [string, string])[];

/** Variables with what they were made from: the Services as the view listed them, and the API server's. */
interface Known {
  readonly own: readonly Stored<ServiceManifest>[];
  readonly api: Stored<ServiceManifest> | undefined;
  readonly variables: Variables;
}

const none: Known['own'] = Object.freeze([]);

/** The Service every pod is told of, wherever it lives. */
const apiService = { namespace: 'default', name: 'kubernetes' };

/** What a kubelet looks up for its pods, besides the pods themselves. */
export class ObjectLookup implements VolumeSource {
  readonly #view: ViewReader;
  /** By namespace; made anew when a Service has changed since. */
  readonly #variables = new Map<string, Known>();

  constructor(view: ViewReader) {
    this.#view = view;
  }

  configMap(namespace: string, name: string): Stored<ConfigMapManifest> | undefined {
    return this.#view.get(configMapKind, namespace, name);
  }

  secret(namespace: string, name: string): Stored<SecretManifest> | undefined {
    return this.#view.get(secretKind, namespace, name);
  }

  claim(namespace: string, name: string): Stored<PersistentVolumeClaimManifest> | undefined {
    return this.#view.get(persistentVolumeClaimKind, namespace, name);
  }

  persistentVolume(name: string): Stored<PersistentVolumeManifest> | undefined {
    return this.#view.get(persistentVolumeKind, undefined, name);
  }

  /** The variables of the Services in a pod's namespace (unless it wants none), and of the API server's. */
  serviceVariables(pod: StoredPod): Variables {
    const namespace = pod.spec?.enableServiceLinks === false ? '' : (pod.metadata.namespace ?? '');
    const api = this.#view.get(serviceKind, apiService.namespace, apiService.name);
    // The view lists the same array until one of them changes.
    const own = namespace === '' ? none : this.#view.list(serviceKind, { namespace });
    const known = this.#variables.get(namespace);
    if (known !== undefined && known.own === own && known.api === api) return known.variables;
    const variables = serviceVariables(api === undefined || namespace === apiService.namespace ? own : [api, ...own]);
    this.#variables.set(namespace, { own, api, variables });
    return variables;
  }

  /** True if a Service selects the pod, so that a proxy may have requests in flight to it. */
  isBehindService({ metadata, status }: StoredPod): boolean {
    const { labels, namespace } = metadata;
    if (labels === undefined || status?.podIP === undefined) return false;
    return this.#view.list(serviceKind, { namespace }).some((service) => selects(service, labels));
  }
}

function selects({ spec }: Stored<ServiceManifest>, labels: Readonly<Record<string, string>>): boolean {
  const selector = spec?.selector;
  if (selector === undefined || spec?.type === 'ExternalName') return false;
  let any = false;
  for (const key in selector) {
    if (labels[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}
