import type { ServiceManifest, ServicePort } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { Clock, Instant } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { Random } from '../env/random.ts';
import { AddressRanges } from './address-ranges.ts';
import type { BalancingPolicy } from './balancer.ts';
import type { HoldPolicy } from './hold-queue.ts';
import type { HttpEngineSettings } from './http-engine.ts';
import type { DrainSettings } from './pod-table.ts';
import type { PlanSettings } from './port-plan.ts';
import type { StreamMode } from './protocol-mode.ts';
import type { BackendAddress, BackendResolver, ListenerProblem, ServiceName } from './service-proxy.ts';

/** What the userspace proxy needs and what a host may choose. All durations are in milliseconds of `clock`. */
export interface UserspaceServiceProxyOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Silent by default. */
  readonly logger?: Logger;
  /** How a pod's port is reached from here. */
  readonly resolve: BackendResolver;
  /** Told once of each pod that is being deleted, has nothing in flight, and gets nothing more: the side table `drained`. */
  readonly markDrained: (podUid: string, atMs: Instant) => void;
  /** Told when a pod that was marked is gone: nobody needs the mark any more. */
  readonly forgetDrained?: (podUid: string) => void;
  /** Told of an address of a Service that does not answer; again with every try that fails. Must not throw. */
  readonly onProblem?: (problem: ListenerProblem) => void;
  /** What carries HTTP: `direct` (the default, ours) or `http-proxy` (http-proxy 1.18 behind its guards). */
  readonly engine?: 'direct' | 'http-proxy';
  /** The policy of Services without the annotation `coxswain.dev/balancing`. `round-robin` by default. */
  readonly balancing?: BalancingPolicy;
  /** How a TCP port is carried that says nothing about its protocol: by default `auto`, each connection by what it turns out to carry. */
  readonly defaultMode?: StreamMode;
  /** Whether ClusterIPs are bound where the machine has them (on Linux all of 127.0.0.0/8). True by default. */
  readonly clusterIPs?: boolean;
  /** Where NodePorts answer. `['127.0.0.1']` by default; `['0.0.0.0']` for all the world. */
  readonly nodePortAddresses?: readonly string[];
  /** Addresses and ranges LoadBalancers and externalIPs may bind. None by default. */
  readonly externalAddresses?: readonly string[];
  /** Where a free port stands in for a ClusterIP this machine cannot bind: `127.0.0.1` by default; null for nowhere. */
  readonly standInAddress?: string | null;
  /** An address of the host's choosing for a Service port (headless ones and ExternalName too); port 0 for any free one. */
  readonly addressFor?: (service: Stored<ServiceManifest>, port: ServicePort) => BackendAddress | undefined;
  /** Which Services hold requests while they have no backend; before the annotation `coxswain.dev/hold-requests`. */
  readonly hold?: (service: Stored<ServiceManifest>) => HoldPolicy | undefined;
  /** Called when a request begins to wait: somebody should start a pod. */
  readonly onHeld?: (service: ServiceName, held: number) => void;
  /** How long a WebSocket stays after its pod began to leave, before it is closed with 1001. 2,000 by default. */
  readonly webSocketDrainMs?: number;
  /** A terminating pod that is its Service's last is let go after nobody used it for so long. 1,000 by default. */
  readonly fallbackIdleMs?: number;
  /** 2,000 by default. */
  readonly connectTimeoutMs?: number;
  /** How long an idle connection to a pod is kept, at most: 4,000 by default (many servers close theirs after 5 s). */
  readonly upstreamIdleMs?: number;
  /** How long an idle HTTP connection of a client is kept: 75,000 by default. */
  readonly clientIdleMs?: number;
  /** How long a client may take for the head of a request: 60,000 by default. */
  readonly headTimeoutMs?: number;
  /** How long a UDP flow may be idle: 60,000 by default. */
  readonly udpIdleMs?: number;
}

/** What follows from the options for the planning of Services. @throws ConfigurationError for a bad address. */
export function planSettings(options: UserspaceServiceProxyOptions): PlanSettings {
  return {
    lent: {
      clusterIPs: options.clusterIPs ?? true,
      nodePorts: options.nodePortAddresses ?? ['127.0.0.1'],
      external: new AddressRanges(options.externalAddresses ?? []),
      standIn: options.standInAddress === null ? undefined : (options.standInAddress ?? '127.0.0.1'),
      forPort: options.addressFor,
    },
    balancing: options.balancing ?? 'round-robin',
    defaultMode: options.defaultMode ?? 'auto',
    hold: options.hold,
  };
}

/** The times of the HTTP engine. */
export function engineSettings(options: UserspaceServiceProxyOptions): HttpEngineSettings {
  return {
    clock: options.clock,
    connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
    upstreamIdleMs: options.upstreamIdleMs ?? 4_000,
    clientIdleMs: options.clientIdleMs ?? 75_000,
    headTimeoutMs: options.headTimeoutMs ?? 60_000,
  };
}

/** The times of draining. */
export function drainSettings(options: UserspaceServiceProxyOptions): DrainSettings {
  return { webSocketDrainMs: options.webSocketDrainMs ?? 2_000, fallbackIdleMs: options.fallbackIdleMs ?? 1_000 };
}
