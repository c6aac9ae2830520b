import type { Container } from '../../api/generated/models.ts';
import { Quantity } from '../../api/quantity.ts';

const periodUs = 100_000;
const sharesMin = 2;
const quotaUsMin = 1000;

export interface ResourceSpec {
  readonly CpuShares?: number;
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly MemoryReservation?: number;
  readonly PidsLimit?: number;
  readonly StorageOpt?: Readonly<Record<string, string>>;
}

type Amount = string | number | undefined;

const milli = (amount: Amount): number | undefined => (amount === undefined ? undefined : Quantity.parse(amount).toNumber() * 1000);
const bytes = (amount: Amount): number | undefined => (amount === undefined ? undefined : Math.ceil(Quantity.parse(amount).toNumber()));

/**
 * A container's requests and limits as the engine has them: shares for what it asked for, a quota for what it may not pass, no swap.
 * Without a request a limit counts as one, as in Kubernetes.
 *
 * @param storageLimits Whether the engine's storage driver can hold a container to a size (overlay2 on xfs with project quotas, btrfs, zfs).
 * Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run
 */
export function resourceSpec(container: Container, pidsLimit: number | undefined, storageLimits: boolean): ResourceSpec {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const cpuRequest = milli(requests.cpu ?? limits.cpu);
  const cpuLimit = milli(limits.cpu);
  const memory = bytes(limits.memory);
  const storage = storageLimits ? bytes(limits['ephemeral-storage']) : undefined;
  return {
    CpuShares: cpuRequest === undefined ? sharesMin : Math.max(sharesMin, Math.floor((cpuRequest * 1024) / 1000)),
    ...(cpuLimit === undefined || cpuLimit === 0
      ? {}
      : { CpuPeriod: periodUs, CpuQuota: Math.max(quotaUsMin, Math.round((cpuLimit * periodUs) / 1000)) }),
    ...(memory === undefined || memory === 0 ? {} : { Memory: memory, MemorySwap: memory }),
    ...(pidsLimit === undefined ? {} : { PidsLimit: pidsLimit }),
    ...(storage === undefined ? {} : { StorageOpt: { size: String(storage) } }),
  };
}
