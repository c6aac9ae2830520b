import { Cluster, type ClusterOptions } from '../../src/index.ts';
import type { ServeOptions, ServerHandle } from '../../src/server/index.ts';

/** An answer of the API. */
export interface Answer<T = { readonly [key: string]: unknown }> {
  readonly status: number;
  readonly body: T;
}

/** What is asked; a body that is no text goes out as JSON. */
export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A cluster without controllers, served on plain HTTP; its administrator's token is `admin`. */
export class ServedApi implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly server: ServerHandle;

  private constructor(cluster: Cluster, server: ServerHandle) {
    this.cluster = cluster;
    this.server = server;
  }

  static async start(
    options: ServeOptions = {},
    clusterOptions: ClusterOptions = { controllers: 'none', scheduler: 'none' },
  ): Promise<ServedApi> {
    const cluster = await Cluster.create(clusterOptions);
    return new ServedApi(cluster, await cluster.serve({ tls: false, ...options, auth: { token: 'admin', ...options.auth } }));
  }

  async ask<T = { readonly [key: string]: unknown }>(path: string, asked: Asked = {}): Promise<Answer<T>> {
    const { method = asked.body === undefined ? 'GET' : 'POST', body, token = 'admin', headers } = asked;
    const response = await fetch(this.server.url + path, {
      method,
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text.startsWith('{') ? JSON.parse(text) : { text }) as T };
  }

  /** Must succeed. */
  async create(path: string, body: object): Promise<{ readonly [key: string]: unknown }> {
    const answer = await this.ask(path, { body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster.close();
  }
}
