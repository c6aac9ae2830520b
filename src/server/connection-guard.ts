import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { failure, type Status } from './status.ts';

/** What one client may take up. Times in milliseconds, sizes in bytes. */
export interface ServerLimits {
  /** Connections at a time; further ones are closed at once. 4,096. */
  readonly connectionsMax: number;
  /** All headers of a request together. 64 KiB. */
  readonly headerBytesMax: number;
  /** How long a client may take to send its headers. 10,000. */
  readonly headersTimeoutMs: number;
  /** How long a client may take to send a request whole. 60,000. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be idle between two requests. 60,000. */
  readonly idleTimeoutMs: number;
}

export const defaultLimits: ServerLimits = {
  connectionsMax: 4096,
  headerBytesMax: 64 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
};

/** The limits in the words of node:http and node:https. */
export function serverOptions(limits: ServerLimits): object {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    handshakeTimeout: limits.headersTimeoutMs,
    // Answered like any other request: with a Status if it is refused.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
  };
}

const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

/** Answers on a bare connection with a Status, and ends it. */
export function refuseOn(socket: Duplex, status: Status): void {
  if (!socket.writable) return;
  const text = JSON.stringify(status);
  const phrase = phrases[status.code] ?? (status.code >= 500 ? 'Internal Server Error' : 'Bad Request');
  const head = [
    `HTTP/1.1 ${status.code} ${phrase}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

/** Knows the connections of a server: answers those that speak no HTTP, and cuts all of them at the end. */
export class ConnectionGuard {
  readonly #sockets = new Set<Socket>();

  constructor(server: Server, limits: ServerLimits) {
    server.maxConnections = limits.connectionsMax;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('clientError', (error: Error & { readonly code?: string }, socket) => refuseOn(socket, statusOfClientError(error.code)));
    server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function statusOfClientError(code: string | undefined): Status {
  if (code === 'HPE_HEADER_OVERFLOW') return failure(431, 'RequestHeaderFieldsTooLarge', 'the headers of the request are too large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return failure(408, 'Timeout', 'the request was not received in time');
  return failure(400, 'BadRequest', 'the request is not HTTP');
}
