import type { AdmissionStep } from './api/admission.ts';
import type { KindDescriptor } from './api/kind.ts';
import type { HighAvailabilityOptions } from './cluster-leadership.ts';
import type { Controller } from './controllers/controller.ts';
import type { ClusterNameServerOptions } from './dns/cluster-name-server.ts';
import type { Clock } from './env/clock.ts';
import type { Logger } from './env/logger.ts';
import type { TokenSource } from './kubelet/kubelet-parts.ts';
import type { EventLimits } from './loop/event-recorder.ts';
import type { MetricsOptions } from './metrics/metrics-source.ts';
import type { Participant } from './loop/participant.ts';
import type { UserspaceServiceProxyOptions } from './proxy/userspace-options.ts';
import type { Runtime } from './runtimes/runtime.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import type { Store } from './stores/store.ts';

/** A node to be: its name, what runs its pods, and what it says of itself. */
export interface NodeOptions {
  readonly name: string;
  readonly runtime: Runtime;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly {
    readonly key: string;
    readonly value?: string;
    readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  }[];
  /** Quantities that replace what the runtime says the node has: `{ cpu: '4', memory: '8Gi', pods: '110' }`. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** Quantities kept back from pods. */
  readonly reserved?: Readonly<Record<string, string>>;
  /** The range pod addresses come from; the runtime's own choice if absent. */
  readonly podCidr?: string;
}

/** What a host may choose of the service proxy; see `UserspaceServiceProxyOptions`. */
export type ProxyOptions = Omit<
  UserspaceServiceProxyOptions,
  'clock' | 'logger' | 'random' | 'resolve' | 'markDrained' | 'forgetDrained' | 'onProblem'
>;

/** What a host may choose of the name server; see `ClusterNameServerOptions`. */
export interface DnsOptions extends Omit<ClusterNameServerOptions, 'clock' | 'secureRandom'> {
  /**
   * What Pods are told to ask (`dnsPolicy: ClusterFirst`): addresses at which their containers reach the name server at port 53.
   * Unless given, `address` if `port` is 53, and else none: resolvers of operating systems know no other port.
   */
  readonly podNameservers?: readonly string[];
}

/** How long one waits for a cluster or node to be there. */
export interface CreationOptions {
  /** Gives up when it fires: `AbortSignal.timeout(10_000)`. */
  readonly signal?: AbortSignal;
}

/** How a cluster is made. Everything has a default. */
export interface ClusterOptions {
  /** Goes into labels and the kubeconfig. `coxswain` unless given. */
  readonly name?: string;
  /** `new MemoryStore()` unless given. The cluster opens and closes it. */
  readonly store?: Store;
  /** The machine's clock unless given; a `ManualClock` for virtual time. */
  readonly clock?: Clock;
  /** Same seed, same history. Drawn by the operating system unless given. */
  readonly seed?: number;
  readonly logger?: Logger;
  readonly nodes?: readonly NodeOptions[];
  /** Which built-in controllers run, as kube-controller-manager reads it: `all` (default), `none`, `all,-node-lifecycle`, `replication-manager`. */
  readonly controllers?: string;
  /** The host's own control loops. */
  readonly extraControllers?: readonly Controller[];
  /** The host's own participants: they are told of every change, and stepped with every pass; the cluster closes them. */
  readonly extraParticipants?: readonly Participant[];
  /** What autoscalers are told besides what the cluster measures itself. */
  readonly metrics?: MetricsOptions;
  /** Replaces the default scheduler; `none` leaves binding to somebody else. */
  readonly scheduler?: Scheduler | 'none';
  /** The host's own schedulers, beside the one above: each for the Pods whose `spec.schedulerName` it handles. */
  readonly extraSchedulers?: readonly Scheduler[];
  /** The host's own admission steps; they run after the built-in ones. */
  readonly admission?: readonly AdmissionStep[];
  /** The host's own kinds. */
  readonly kinds?: readonly KindDescriptor[];
  /** How Service traffic is carried for Pods that really run; `none` to leave it to somebody else. */
  readonly proxy?: ProxyOptions | 'none';
  /** Answers the names of Services and Pods over DNS. No server unless given; `{}` for one on a free port of 127.0.0.1. */
  readonly dns?: DnsOptions;
  /** Issues the tokens of `serviceAccountToken` volumes; without it a Pod with such a volume waits with the Event FailedMount. */
  readonly tokens?: TokenSource;
  /** Where ClusterIPs come from. `127.96.0.0/16` unless given: on Linux such addresses can be bound as they are. */
  readonly serviceCidr?: string;
  /**
   * Addresses and ranges (`192.168.1.240/28`) of this machine for Services of type LoadBalancer; the proxy may bind them, for externalIPs
   * too. None unless given: such Services then wait for somebody else to write their `status.loadBalancer`.
   */
  readonly loadBalancerAddresses?: readonly string[];
  /** Where NodePorts come from. 30000 to 32767 unless given. */
  readonly nodePorts?: { readonly from: number; readonly to: number };
  /**
   * How soon a lost node is noticed, in milliseconds: how often nodes renew their lease (10,000 unless given), and how long one may be
   * silent before it counts as lost (50,000). The second should be several times the first. As in Kubernetes, nodes of a zone that are
   * lost together are given up one every 10 s, and none while more than 55 % of a zone of up to 50 nodes is lost: the fault is then more
   * likely the network's than theirs.
   */
  readonly nodeHealth?: { readonly leaseRenewMs?: number; readonly gracePeriodMs?: number };
  /**
   * How this process takes part where several control planes share one store: which of them acts is decided by a Lease, as in Kubernetes.
   * On a shared store the election takes place unless this says `none`, which promises that no other control plane will be there.
   */
  readonly highAvailability?: HighAvailabilityOptions | 'none';
  /** What happens to pods when this process dies. `kill` unless given; `keep` needs a durable store. */
  readonly onHostDeath?: 'kill' | 'keep';
  /** A folder for logs and volumes of runtimes that need one; one below the system's temporary folder unless given. */
  readonly stateDir?: string;
  readonly events?: EventLimits;
}
