import type { Clock, Timer } from '../../env/clock.ts';
import type { Container } from '../../api/generated/models.ts';
import type { PodAddress } from '../runtime.ts';

/** What a network probe or hook goes to. */
export interface ProbeTarget {
  readonly clock: Clock;
  /** The container whose named ports are meant. */
  readonly container: Container;
  readonly podIp: string;
  /** How a port of the pod is reached from here. */
  reach(port: number): PodAddress;
}

/** The number of a port given by number or by the name of one of the container's ports. Undefined if there is none of that name. */
export function portNumber(port: number | string, container: Container): number | undefined {
  if (typeof port === 'number') return port;
  const named = container.ports?.find((each) => each.name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

/**
 * Calls `late` when the time is up, a turn of the event loop later: if this process stood still, an answer may have come in time that is
 * not read yet, and the pod is not to blame.
 */
export function whenTimeIsUp({ clock }: ProbeTarget, timeoutMs: number, late: () => void): Timer {
  return clock.schedule(clock.now() + timeoutMs, () => void clock.turn().then(late));
}
