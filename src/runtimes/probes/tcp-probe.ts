import { connect } from 'node:net';
import type { TCPSocketAction } from '../../api/generated/models.ts';
import type { ProbeResult } from '../runtime.ts';
import { dialMessage } from './http-request.ts';
import { portNumber, whenTimeIsUp } from './probe-target.ts';
import type { ProbeTarget } from './probe-target.ts';

/** Succeeds if a connection can be opened. */
export function tcpProbe(action: TCPSocketAction, target: ProbeTarget, timeoutMs: number, signal?: AbortSignal): Promise<ProbeResult> {
  const port = portNumber(action.port, target.container);
  if (port === undefined) {
    return Promise.resolve({
      outcome: 'failure',
      message: `port "${action.port}" is not a named port of container "${target.container.name}"`,
    });
  }
  const address = action.host !== undefined && action.host !== '' ? { host: action.host, port } : target.reach(port);
  return new Promise((resolve) => {
    const socket = connect(address);
    const end = (result: ProbeResult): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => end({ outcome: 'failure', message: 'aborted' });
    const late = `dial tcp ${address.host}:${port}: i/o timeout`;
    const timer = whenTimeIsUp(target, timeoutMs, () => end({ outcome: 'failure', message: late }));
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('connect', () => end({ outcome: 'success', message: '' }));
    socket.on('error', (error) => end({ outcome: 'failure', message: dialMessage(error, address) }));
  });
}
