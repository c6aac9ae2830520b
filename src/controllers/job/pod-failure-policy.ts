import type { ContainerStatus, PodFailurePolicy, PodFailurePolicyRule } from '../../api/generated/models.ts';
import type { Pod } from '../pods.ts';

/** What a Job's policy says of a failed Pod. */
export interface FailureVerdict {
  /** False if the failure does not count against the back-off limit. */
  readonly counts: boolean;
  readonly action: string | undefined;
  /** Why the whole Job fails. */
  readonly jobFailure?: string;
}

const unmatched: FailureVerdict = { counts: true, action: undefined };

/**
 * The first rule that matches decides; without one the failure counts.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [i, rule] of (policy?.rules ?? []).entries()) {
    const why = matched(rule, pod);
    if (why === undefined) continue;
    const { action } = rule;
    if (action === 'FailJob') return { counts: true, action, jobFailure: `${why} matching ${action} rule at index ${i}` };
    return { counts: action !== 'Ignore', action };
  }
  return unmatched;
}

function matched(rule: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  if (rule.onExitCodes !== undefined) {
    const status = failedContainer(rule.onExitCodes, pod);
    return status && `Container ${status.name} for pod ${name} failed with exit code ${status.state?.terminated?.exitCode ?? 0}`;
  }
  const patterns = rule.onPodConditions ?? [];
  const condition = pod.status?.conditions?.find((each) =>
    patterns.some((pattern) => pattern.type === each.type && pattern.status === each.status),
  );
  return condition && `Pod ${name} has condition ${condition.type}`;
}

function failedContainer(on: NonNullable<PodFailurePolicyRule['onExitCodes']>, pod: Pod): ContainerStatus | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return statuses.find((status) => {
    if (on.containerName !== undefined && on.containerName !== status.name) return false;
    const code = status.state?.terminated?.exitCode;
    if (code === undefined || code === 0) return false;
    return on.values.includes(code) === (on.operator === 'In');
  });
}
