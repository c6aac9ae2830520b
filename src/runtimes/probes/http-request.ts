import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HTTPGetAction } from '../../api/generated/models.ts';
import { portNumber, whenTimeIsUp } from './probe-target.ts';
import type { ProbeTarget } from './probe-target.ts';

const redirectsMax = 10;
const bodyBytesMax = 10 * 1024;

export type HttpAnswer =
  { readonly ok: true; readonly status: number; readonly body: string } | { readonly ok: false; readonly message: string };

/**
 * One HTTP GET as the kubelet does it: no connection kept, certificates not verified, redirects followed on the same host only (one
 * that leads elsewhere is the answer), at most 10 KiB of the body read.
 *
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
 */
export async function httpGet(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number, signal?: AbortSignal): Promise<HttpAnswer> {
  const port = portNumber(action.port, target.container);
  if (port === undefined)
    return { ok: false, message: `port "${action.port}" is not a named port of container "${target.container.name}"` };
  const scheme = action.scheme?.toLowerCase() === 'https' ? 'https' : 'http';
  const host = action.host !== undefined && action.host !== '' ? action.host : target.podIp;
  const path = action.path === undefined || action.path === '' ? '/' : action.path;
  const started = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path.startsWith('/') ? '' : '/'}${path}`;
  const untilMs = target.clock.now() + timeoutMs;
  let url = new URL(started);
  for (let redirects = 0; ; redirects++) {
    const answer = await send(url, action, target, port, untilMs - target.clock.now(), signal);
    if (!answer.ok) return { ok: false, message: `Get "${url.href}": ${answer.message}` };
    if (answer.status < 300 || answer.status >= 400 || answer.location === undefined) return answer;
    const next = URL.canParse(answer.location, url.href) ? new URL(answer.location, url.href) : undefined;
    if (next === undefined || next.hostname !== url.hostname || !/^https?:$/.test(next.protocol)) return answer;
    if (redirects + 1 >= redirectsMax) return { ok: false, message: `Get "${next.href}": stopped after ${redirectsMax} redirects` };
    url = next;
  }
}

type RawAnswer = Extract<HttpAnswer, { ok: false }> | (Extract<HttpAnswer, { ok: true }> & { readonly location: string | undefined });

/** The request's headers: a header given with an empty value is left out. */
function headersOf(action: HTTPGetAction): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'user-agent': 'kube-probe/1.33', accept: '*/*', connection: 'close' };
  const given = new Set<string>();
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase();
    const before = given.has(key) ? headers[key] : undefined;
    headers[key] = before === undefined ? value : [before, value].flat();
    given.add(key);
  }
  for (const key of ['user-agent', 'accept']) if (headers[key] === '') delete headers[key];
  return headers;
}

function send(
  url: URL,
  action: HTTPGetAction,
  target: ProbeTarget,
  port: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<RawAnswer> {
  const isPod = url.hostname === target.podIp && Number(url.port || (url.protocol === 'https:' ? 443 : 80)) === port;
  const address = isPod ? target.reach(port) : { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || undefined };
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    host: address.host,
    port: address.port,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { host: url.host, ...headersOf(action) },
    agent: false,
    rejectUnauthorized: false,
  };
  return new Promise((resolve) => {
    const request = url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
    const end = (answer: RawAnswer): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      request.destroy();
      resolve(answer);
    };
    const onAbort = (): void => end({ ok: false, message: 'aborted' });
    const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    const timer = whenTimeIsUp(target, timeoutMs, () => end({ ok: false, message: late }));
    signal?.addEventListener('abort', onAbort, { once: true });
    request.on('error', (error) => end({ ok: false, message: dialMessage(error, address) }));
    request.on('response', (response) => {
      void readBody(response).then((body) =>
        end({ ok: true, status: response.statusCode ?? 0, body, location: response.headers.location }),
      );
    });
    request.end();
  });
}

/** As much of the body as is wanted; an answer that breaks off counts as far as it came. */
function readBody(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (): void => resolve(Buffer.concat(chunks).subarray(0, bodyBytesMax).toString());
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= bodyBytesMax) end();
    });
    response.on('end', end).on('error', end).on('close', end);
  });
}

/** Words as Go's dialler has them, which is what people search for. */
export function dialMessage(error: NodeJS.ErrnoException, address: { readonly host: string; readonly port: number | undefined }): string {
  const where = `dial tcp ${address.host}:${address.port ?? ''}`;
  if (error.code === 'ECONNREFUSED') return `${where}: connect: connection refused`;
  if (error.code === 'ECONNRESET') return 'read: connection reset by peer';
  if (error.code === 'EHOSTUNREACH') return `${where}: connect: no route to host`;
  if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${address.host}: no such host`;
  return error.message;
}
