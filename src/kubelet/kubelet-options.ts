import type { Client } from '../api/client.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { RuntimeEnv, Runtime } from '../runtimes/runtime.ts';
import type { TokenSource } from './kubelet-parts.ts';
import type { KubeletCommons } from './kubelet-commons.ts';
import type { NodeDescription } from './node-status.ts';

/** How a kubelet is made. Times are in milliseconds of the clock. */
export interface KubeletOptions {
  readonly node: NodeDescription;
  /** Opened and closed by the kubelet. */
  readonly runtime: Runtime;
  /** What the runtime is lent; the kubelet lives by the same clock, chance and logger. */
  readonly env: RuntimeEnv;
  readonly client: Client;
  readonly view: ViewReader;
  /** What it has in common with the other kubelets of the cluster; its own unless given. */
  readonly commons?: KubeletCommons;
  /** `cluster.local` unless given. */
  readonly clusterDomain?: string;
  /** Addresses of the cluster's DNS; none unless given: pods then resolve as their machine does. */
  readonly clusterDns?: readonly string[];
  /**
   * How long a pod that is deleted waits, inside its grace period, for the service proxy to finish what is in flight
   * (the side table `drained` of the view). 0, the default, does not wait: for a cluster without a proxy.
   */
  readonly drainMs?: number;
  /** Issues tokens for `serviceAccountToken` volumes; without it such a volume is a FailedMount. */
  readonly tokens?: TokenSource;
  /** How often everything the runtime has is looked at, for events that were lost. 300,000 for a virtual runtime, else 30,000. */
  readonly relistMs?: number;
  /** 10,000. */
  readonly leaseRenewMs?: number;
  /** 40. */
  readonly leaseDurationSeconds?: number;
  /** 300,000. */
  readonly nodeStatusMs?: number;
  /** Runtime calls that make or remove something, at a time: 8. Image pulls: 3. A virtual runtime has no bound. */
  readonly concurrency?: { readonly work?: number; readonly pull?: number };
}
