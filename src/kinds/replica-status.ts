import type { FieldErrors } from '../api/field-errors.ts';
import { validateNonNegative } from './field-checks.ts';

const others = [
  'fullyLabeledReplicas',
  'currentReplicas',
  'updatedReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'observedGeneration',
  'collisionCount',
] as const;
const counts = ['replicas', 'readyReplicas', 'availableReplicas', ...others] as const;

type Counts = Readonly<Partial<Record<(typeof counts)[number], number>>>;

/** Counts are not negative, `parts` not greater than the whole, and no more replicas available than ready. */
export function validateReplicaStatus(
  status: Counts,
  parts: readonly ('fullyLabeledReplicas' | 'currentReplicas' | 'updatedReplicas')[],
  errors: FieldErrors,
): void {
  for (const count of counts) validateNonNegative(status[count], `status.${count}`, errors);
  const replicas = status.replicas ?? 0;
  for (const part of [...parts, 'readyReplicas', 'availableReplicas'] as const) {
    const value = status[part] ?? 0;
    if (value > replicas) errors.invalid(`status.${part}`, value, 'cannot be greater than status.replicas');
  }
  const available = status.availableReplicas ?? 0;
  if (available > (status.readyReplicas ?? 0))
    errors.invalid('status.availableReplicas', available, 'cannot be greater than readyReplicas');
}

/** A counter that controllers only count up. */
export function validateCollisionCount(now: number | undefined, before: number | undefined, errors: FieldErrors): void {
  if (before !== undefined && (now === undefined || now < before))
    errors.invalid('status.collisionCount', now ?? 0, 'cannot be decremented');
}
