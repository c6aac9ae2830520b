import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/runtimes/docker/engine.ts';

/**
 * What happens to a request: `hang` never reaches the engine and gets no answer; `reset` does not reach it and the connection is cut;
 * `lost` is carried out and its answer is not; `cut` loses the rest of the answer after its first bytes; a number is an answer in the
 * engine's place; `slow` waits for half a second.
 */
export interface Fault {
  readonly match: RegExp;
  readonly kind: 'hang' | 'reset' | 'lost' | 'cut' | 'slow' | number;
  /** How often; for ever unless given. */
  times?: number;
}

const headBytes = 40;

/** A socket in front of an engine's, where things go wrong. */
export class FaultProxy {
  readonly #server: Server;
  readonly #folder: string;
  readonly #sockets = new Set<Socket>();
  readonly #target: string;
  #faults: Fault[] = [];
  /** How many requests met a fault. */
  met = 0;
  /** True: nothing gets through, and nothing is answered. */
  frozen = false;

  private constructor(target: string, folder: string) {
    this.#target = target;
    this.#folder = folder;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(engine: Pick<Engine, 'address'>): Promise<FaultProxy> {
    if (engine.address.type !== 'socket') throw new Error('the fault proxy needs an engine behind a socket');
    const proxy = new FaultProxy(engine.address.path, mkdtempSync(join(tmpdir(), 'coxswain-proxy-')));
    await new Promise<void>((resolve) => proxy.#server.listen(join(proxy.#folder, 'engine.sock'), resolve));
    return proxy;
  }

  /** As `DOCKER_HOST` has it. */
  get host(): string {
    return `unix://${join(this.#folder, 'engine.sock')}`;
  }

  add(...faults: readonly Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ ...fault })));
  }

  clear(): void {
    this.#faults = [];
    this.frozen = false;
  }

  /** Cuts every connection there is. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #take(head: string): Fault['kind'] | undefined {
    const fault = this.#faults.find(({ match, times = 1 }) => times > 0 && match.test(head));
    if (fault === undefined) return undefined;
    if (fault.times !== undefined) fault.times--;
    this.met++;
    return fault.kind;
  }

  #serve(client: Socket): void {
    const engine = connect(this.#target);
    let kind: Fault['kind'] | undefined;
    for (const socket of [client, engine]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        engine.destroy();
      });
    }
    client.on('end', () => engine.end());
    engine.on('end', () => client.end());
    client.on('data', (chunk: Buffer) => {
      // The client sends a request when the last has been answered: what begins like one is one.
      const head = chunk.subarray(0, 2000).toString('latin1');
      if (/^(GET|POST|PUT|DELETE|HEAD) \S+ HTTP\/1\.1\r\n/.test(head)) kind = this.#take(head);
      if (this.frozen || kind === 'hang') return;
      if (kind === 'reset') return void client.destroy();
      if (typeof kind === 'number') return this.#answer(client, kind);
      if (kind === 'slow') return void setTimeout(() => engine.write(chunk), 500);
      engine.write(chunk);
    });
    engine.on('data', (chunk: Buffer) => {
      if (this.frozen) return;
      if (kind === 'lost') return void client.destroy();
      if (kind === 'cut') return void client.write(chunk.subarray(0, Math.max(headBytes, chunk.length >> 1)), () => client.destroy());
      client.write(chunk);
    });
  }

  #answer(client: Socket, status: number): void {
    const body = JSON.stringify({ message: `weather: ${status}` });
    client.write(`HTTP/1.1 ${status} Weather\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }
}
