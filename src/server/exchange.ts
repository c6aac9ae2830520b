import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../api/client.ts';
import { negotiate, type Rendering } from './media-type.ts';
import { statusOf, type Status } from './status.ts';

/** One request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly identity: Identity;
  readonly url: URL;
  readonly #warnings: string[] = [];
  #rendering: Rendering | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, identity: Identity) {
    this.request = request;
    this.response = response;
    this.identity = identity;
    this.url = new URL(request.url ?? '/', 'http://localhost');
  }

  get query(): URLSearchParams {
    return this.url.searchParams;
  }

  get rendering(): Rendering {
    return (this.#rendering ??= negotiate(this.request.headers.accept));
  }

  /** True for `?name=true` and `?name=1`; also for `?name`, as Kubernetes reads it. */
  flag(name: string): boolean {
    const value = this.query.get(name);
    return value !== null && value !== 'false' && value !== '0';
  }

  /** Told in a `Warning` header; the same text once. */
  warn(message: string): void {
    if (!this.#warnings.includes(message)) this.#warnings.push(message);
  }

  get managerName(): string {
    const agent = this.request.headers['user-agent'] ?? 'unknown';
    return this.query.get('fieldManager') ?? agent.split('/')[0] ?? agent;
  }

  json(code: number, text: string): void {
    this.text(code, 'application/json', text);
  }

  object(code: number, object: unknown): void {
    this.json(code, JSON.stringify(object));
  }

  text(code: number, contentType: string, text: string): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    const headers: Record<string, string | string[] | number> = {
      'content-type': contentType,
      'cache-control': 'no-cache, private',
      'content-length': Buffer.byteLength(text),
    };
    if (this.#warnings.length > 0) headers['warning'] = this.warningHeaders();
    response.writeHead(code, headers);
    response.end(this.request.method === 'HEAD' ? undefined : text);
  }

  warningHeaders(): string[] {
    return this.#warnings.map((message) => `299 - ${JSON.stringify(message)}`);
  }

  status(status: Status): void {
    this.json(status.code, JSON.stringify(status));
  }

  /** Answers with the Status of an error. */
  fail(error: unknown): Status {
    const status = statusOf(error);
    const retryAfter = status.details?.retryAfterSeconds;
    if (retryAfter !== undefined && !this.response.headersSent) this.response.setHeader('retry-after', String(retryAfter));
    this.status(status);
    return status;
  }
}
