import { Agent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders } from 'node:http';

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** Sends a request and takes in the whole answer; rejects if it is cut. */
export function ask(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent = new Agent() } = options;
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** Begins a request and leaves it: the caller destroys it. */
export function begin(port: number, path: string, method = 'GET'): ClientRequest {
  const request = httpRequest({ host: '127.0.0.1', port, path, method, agent: new Agent() });
  request.on('error', () => undefined);
  if (method === 'GET') request.end();
  else request.write('the beginning of a body');
  return request;
}
