import { sum, type DeploymentPass } from './deployment-pass.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation, oldestFirst, type Version } from './version.ts';

/** True if the number of replicas has changed since its versions were told. */
export function isScalingEvent({ versions, replicas }: DeploymentPass): boolean {
  return versions.some((version) => {
    const told = version.annotation(desiredReplicasAnnotation);
    return version.replicas > 0 && told !== undefined && told !== String(replicas);
  });
}

/** Brings a new number of replicas to the versions there are: in the middle of a rollout to each in proportion to its size. */
export function scaleVersions(pass: DeploymentPass): void {
  const { newest, replicas } = pass;
  const active = pass.versions.filter((version) => version.replicas > 0);
  const only = active.length > 1 ? undefined : (active[0] ?? newest ?? pass.old.at(-1));
  if (only !== undefined) {
    pass.scale(only, replicas);
    return;
  }
  if (newest !== undefined && isSaturated(pass, newest)) {
    for (const version of pass.old) if (version.replicas > 0) pass.scale(version, 0);
    return;
  }
  if (pass.rolling) share(pass, active);
}

const isSaturated = ({ replicas }: DeploymentPass, newest: Version): boolean =>
  newest.replicas === replicas && newest.annotation(desiredReplicasAnnotation) === String(replicas) && newest.available === replicas;

function share(pass: DeploymentPass, active: readonly Version[]): void {
  const allowed = pass.replicas > 0 ? pass.replicas + pass.surge : 0;
  const toAdd = allowed - sum(active, (version) => version.replicas);
  // The greatest first; of equal ones the newest grows first, and the oldest shrinks first.
  const inOrder = [...active].sort((a, b) => b.replicas - a.replicas || (toAdd > 0 ? -oldestFirst(a, b) : oldestFirst(a, b)));
  let added = 0;
  const sizes = inOrder.map((version) => {
    const part = toAdd === 0 ? 0 : portion(pass, version, toAdd - added);
    added += part;
    return version.replicas + part;
  });
  // What rounding left over goes to the greatest.
  if (sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + toAdd - added);
  for (const [i, version] of inOrder.entries()) pass.scale(version, sizes[i]!);
}

/** What one version gets of what is to be added (or, negative, taken away). */
function portion(pass: DeploymentPass, version: Version, rest: number): number {
  if (rest === 0) return 0;
  const fraction = fractionOf(pass, version);
  return rest > 0 ? Math.min(fraction, rest) : Math.max(fraction, rest);
}

function fractionOf(pass: DeploymentPass, version: Version): number {
  if (pass.replicas === 0) return -version.replicas;
  const before = Number(version.annotation(maxReplicasAnnotation) ?? 0) || (pass.deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((version.replicas * (pass.replicas + pass.surge)) / before) - version.replicas;
}
