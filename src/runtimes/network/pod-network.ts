import type { PodAddress } from '../runtime.ts';

/** A pod's place in a network. */
export interface PodAttachment {
  /** The pod's address, as its status says it. */
  readonly ip: string;
  /** The address the pod's programs listen on, and that they find in `HOST`. */
  readonly bindHost: string;
  /** Ports that differ on the machine, by `TCP/8080`: what a restarted host has to remember. */
  readonly mapped: Readonly<Record<string, number>>;
  /** The port a program has to listen on to serve `port`: the same, except where ports are mapped. */
  bindPort(port: number, protocol: 'TCP' | 'UDP'): number;
  /** Words before every command that is to run at this place in the network: `ip netns exec NAME`. */
  readonly commandPrefix?: readonly string[];
  /** How a port is reached from the host. */
  reach(port: number, protocol: 'TCP' | 'UDP'): PodAddress;
}

/** What a pod needs of a network. */
export interface PodNetworkRequest {
  readonly podUid: string;
  readonly hostNetwork: boolean;
  /** The ports its containers declare. */
  readonly ports: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP' }[];
  /** The attachment it had before a restart of the host, to be had again. */
  readonly previous?: { readonly ip: string; readonly mapped: Readonly<Record<string, number>> };
}

/** Gives the pods of one node their addresses. */
export interface PodNetwork {
  /** The range of pod addresses. */
  readonly cidr: string;
  /** The node's own address. */
  readonly hostAddress: string;
  /** @throws RuntimeError `RUNTIME_ADDRESSES_EXHAUSTED`. */
  attach(request: PodNetworkRequest): Promise<PodAttachment>;
  /** Frees the pod's address. Unknown: no effect. */
  detach(podUid: string): Promise<void>;
  /** Gives the range back. */
  close(): Promise<void>;
}
