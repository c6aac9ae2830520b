import { connect, constants } from 'node:http2';
import type { GRPCAction } from '../../api/generated/models.ts';
import type { ProbeResult } from '../runtime.ts';
import { dialMessage } from './http-request.ts';
import { whenTimeIsUp, type ProbeTarget } from './probe-target.ts';

const statusNames: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const notFound = '5';
const unimplemented = '12';

/** The request `grpc.health.v1.HealthCheckRequest { service = 1 }` in its length-prefixed frame. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const length: number[] = [];
  for (let rest = name.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

/** The status in `grpc.health.v1.HealthCheckResponse { status = 1 }`; 0 (UNKNOWN) if it is not set. */
export function healthStatus(frame: Buffer): number {
  return frame.length >= 7 && frame[5] === 0x08 ? frame[6]! : 0;
}

/**
 * Asks the gRPC health service (grpc.health.v1) over plain HTTP/2.
 *
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-grpc-liveness-probe
 */
export function grpcProbe(action: GRPCAction, target: ProbeTarget, timeoutMs: number, signal?: AbortSignal): Promise<ProbeResult> {
  const address = target.reach(action.port);
  const where = `${address.host}:${address.port}`;
  return new Promise((resolve) => {
    const session = connect(`http://${where}`);
    const chunks: Buffer[] = [];
    let grpcStatus = '';
    let grpcMessage = '';
    const end = (outcome: ProbeResult['outcome'], message: string): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      session.destroy();
      resolve({ outcome, message });
    };
    const onAbort = (): void => end('failure', 'aborted');
    const late = `timeout: failed to connect service "${where}" within ${timeoutMs / 1000}s: context deadline exceeded`;
    const timer = whenTimeIsUp(target, timeoutMs, () => end('failure', late));
    signal?.addEventListener('abort', onAbort, { once: true });
    // A stream that waits for its connection tells of the connection's end by its cause.
    const onError = (error: Error): void => {
      end('failure', `error: ${dialMessage(error.cause instanceof Error ? error.cause : error, address)}`);
    };
    session.on('error', onError);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.33',
      te: 'trailers',
    });
    const takeStatus = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] !== undefined) grpcStatus = String(headers['grpc-status']);
      if (headers['grpc-message'] !== undefined) grpcMessage = decodeURIComponent(String(headers['grpc-message']));
    };
    stream.on('response', takeStatus).on('trailers', takeStatus);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', onError);
    stream.on('end', () => end(...verdict(Buffer.concat(chunks), grpcStatus, grpcMessage, action.service ?? '')));
    stream.end(healthRequest(action.service ?? ''));
  });
}

function verdict(body: Buffer, status: string, message: string, service: string): [ProbeResult['outcome'], string] {
  if (status === unimplemented) {
    return ['failure', `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`];
  }
  if (status === notFound) return ['failure', `error: health service has no service "${service}": ${message}`];
  if (status !== '0') return ['failure', `error: health rpc probe failed: code ${status === '' ? 'unknown' : status} ${message}`.trimEnd()];
  const health = healthStatus(body);
  if (health === 1) return ['success', 'service healthy'];
  return ['failure', `service unhealthy (responded with "${statusNames[health] ?? String(health)}")`];
}
