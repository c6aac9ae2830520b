import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import { formatYaml } from '../api/yaml.ts';
import type { Identity, WriteOptions } from '../api/client.ts';
import { ApiError } from '../errors.ts';
import { flagOf } from './auth/request-attributes.ts';
import { negotiate, type Rendering } from './media-type.ts';
import type { ProtobufReader } from './protobuf/protobuf-reader.ts';
import { requestTarget, type RequestTarget } from './request-target.ts';
import { statusOf, type Status } from './status.ts';

/** Shorter answers are not worth compressing; Kubernetes has the same bound and level. */
const gzipBytesMin = 128 * 1024;
const gzipLevel = 1;

/** So long may all warnings be together; Kubernetes has the same bound. */
const warningBytesMax = 4096;

/** A text as it may stand between quotes in a header: its bytes are those of UTF-8, and control characters are blanks. */
const headerText = (text: string): string =>
  Buffer.from(text.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&'), 'utf8').toString('latin1');

/** One request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly identity: Identity;
  readonly url: RequestTarget;
  /** Reads bodies that are not text; undefined: they are refused. */
  readonly protobuf: ProtobufReader | undefined;
  /** What the server has to say about every write, last of all. */
  readonly admit: NonNullable<WriteOptions['admit']>;
  readonly #warnings: string[] = [];
  #rendering: Rendering | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    identity: Identity,
    { protobuf, admit = () => undefined }: { readonly protobuf?: ProtobufReader; readonly admit?: Exchange['admit'] } = {},
  ) {
    this.protobuf = protobuf;
    this.admit = admit;
    this.request = request;
    this.response = response;
    this.identity = identity;
    this.url = requestTarget(request.url);
  }

  get query(): URLSearchParams {
    return this.url.searchParams;
  }

  get rendering(): Rendering {
    return (this.#rendering ??= negotiate(this.request.headers.accept));
  }

  /** The media type of the body, without its parameters; '' if none is named. */
  get contentType(): string {
    return (this.request.headers['content-type'] ?? '').split(';')[0]!.trim();
  }

  /** True for `?name=true` and `?name=1`; also for `?name`, as Kubernetes reads it. */
  flag(name: string): boolean {
    return flagOf(this.query, name);
  }

  /** Told in a `Warning` header; the same text once. */
  warn(message: string): void {
    if (!this.#warnings.includes(message)) this.#warnings.push(message);
  }

  get managerName(): string {
    const agent = this.request.headers['user-agent'] ?? 'unknown';
    return this.query.get('fieldManager') ?? agent.split('/')[0] ?? agent;
  }

  /** A text of JSON, sent as the client wants to see it. */
  json(code: number, text: string): void {
    if (this.#wantsYaml()) this.text(code, 'application/yaml', formatYaml(JSON.parse(text)));
    else this.text(code, 'application/json', text);
  }

  #wantsYaml(): boolean {
    if (!/\byaml\b/.test(this.request.headers.accept ?? '')) return false;
    try {
      return this.rendering.format === 'yaml';
    } catch (error) {
      if (error instanceof ApiError) return false;
      throw error;
    }
  }

  object(code: number, object: unknown): void {
    this.json(code, JSON.stringify(object));
  }

  text(code: number, contentType: string, text: string): void {
    this.bytes(code, contentType, text);
  }

  bytes(code: number, contentType: string, body: string | Buffer): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    const headers: Record<string, string | string[] | number> = {
      'content-type': contentType,
    };
    if (!response.hasHeader('cache-control')) headers['cache-control'] = 'no-cache, private';
    if (this.#warnings.length > 0) headers['warning'] = this.warningHeaders();
    if (body.length < gzipBytesMin || !this.#acceptsGzip()) return this.#end(code, headers, body);
    gzip(body, { level: gzipLevel }, (error, compressed) => {
      if (response.headersSent || response.destroyed) return;
      if (error !== null) return this.#end(code, headers, body);
      this.#end(code, { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }, compressed);
    });
  }

  #end(code: number, headers: Record<string, string | string[] | number>, body: string | Buffer): void {
    this.response.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(body) });
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
  }

  #acceptsGzip(): boolean {
    const { 'accept-encoding': accepted = '' } = this.request.headers;
    return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(accepted));
  }

  /** As many as there is room for. */
  warningHeaders(): string[] {
    const headers: string[] = [];
    let left = warningBytesMax;
    for (const message of this.#warnings) {
      const header = `299 - "${headerText(message)}"`;
      left -= header.length;
      if (left < 0) break;
      headers.push(header);
    }
    return headers;
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
