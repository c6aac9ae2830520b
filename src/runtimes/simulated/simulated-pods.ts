import type { ContainerStatus, PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import { parseId } from '../container-id.ts';
import { SimulatedContainer } from './simulated-container.ts';
import { exitOf } from './simulated-exit.ts';
import type { SimulatedImages } from './simulated-images.ts';
import { SimulatedSandbox } from './simulated-sandbox.ts';

/** A container that a status tells of; one that has not been made has no id. */
type Begun = ContainerStatus & { readonly containerID: string };

/** What a Pod has on its node by its status: a sandbox whose containers run, or have ended, as it says. Undefined if it has nothing there. */
export function sandboxOf(pod: Stored<PodManifest>, addressSlot: number, images: SimulatedImages): SimulatedSandbox | undefined {
  const { status, spec, metadata } = pod;
  const begun = [status?.initContainerStatuses, status?.containerStatuses, status?.ephemeralContainerStatuses]
    .flatMap((statuses) => statuses ?? [])
    .filter((each): each is Begun => each.containerID !== undefined);
  if (begun.length === 0) return undefined;
  const attempt = Math.max(...begun.map(sandboxAttemptOf));
  const about = { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace ?? '', hostNetwork: spec?.hostNetwork === true };
  const sandbox = new SimulatedSandbox(about, attempt, timeOf(status?.startTime), addressSlot);
  // What ran in a sandbox that has been replaced is gone.
  sandbox.containers = begun.filter((each) => sandboxAttemptOf(each) === attempt).flatMap((each) => containerOf(each, images));
  return sandbox;
}

/** Nothing if there is no such image. */
function containerOf({ name, restartCount, image, state, lastState }: Begun, images: SimulatedImages): readonly SimulatedContainer[] {
  const pulled = images.assume(image);
  if (pulled === undefined) return [];
  const container = new SimulatedContainer(name, restartCount, pulled);
  const ended = state?.terminated ?? (state?.running === undefined ? lastState?.terminated : undefined);
  container.startedAtMs = timeOf(state?.running?.startedAt ?? ended?.startedAt);
  if (ended !== undefined) {
    container.exit = { ...exitOf(ended.exitCode, ended.reason === 'OOMKilled' ? ended.reason : undefined), message: ended.message ?? '' };
    container.finishedAtMs = timeOf(ended.finishedAt);
  }
  return [container];
}

/** Ids of other runtimes need not tell. */
const sandboxAttemptOf = ({ containerID }: Begun): number => parseId(containerID.slice(containerID.indexOf('://') + 3)).sandboxAttempt || 0;

const timeOf = (time: string | undefined): Instant => (time === undefined ? 0 : parseTime(time));
