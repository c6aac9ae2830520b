import { AddressRange } from '../address-range.ts';
import { LoopbackNetwork } from './loopback-network.ts';
import { MappedNetwork } from './mapped-network.ts';
import type { PodNetwork } from './pod-network.ts';
import { RangeLock } from './range-lock.ts';

/**
 * The network of a node whose pods are processes of this machine: an address for each pod where the machine has a range of loopback
 * addresses (Linux), else mapped ports.
 *
 * @param identity What the range follows from: cluster and node.
 * @param preferred A range to try first: the one had before a restart. Ignored unless within 127.0.0.0/8.
 */
export async function openNetwork(identity: string, mode: 'auto' | 'mapped', preferred: string | undefined): Promise<PodNetwork> {
  const wanted = preferred?.startsWith('127.') === true ? preferred : undefined;
  const lock = mode === 'mapped' ? undefined : await RangeLock.take(identity, wanted);
  if (lock !== undefined) return new LoopbackNetwork(lock);
  return new MappedNetwork(new AddressRange(preferred ?? '10.244.0.0/24'));
}
