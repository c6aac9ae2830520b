import type { Socket } from 'node:net';
import type { Timer } from '../env/clock.ts';
import { connectBackend, type ConnectSettings } from './connect-backend.ts';
import { Exchange } from './exchange.ts';
import { sniff } from './protocol-sniff.ts';
import type { ServiceRoute } from './service-route.ts';
import { joinSockets } from './tcp-relay.ts';

/** How long a client is given to speak first. After it a pod is connected, which may be the one that begins. */
const speakFirstMs = 20;

/**
 * A connection of which nobody said what it carries. If the client's first words are an HTTP/1 request, it becomes HTTP; if they are not, or
 * the pod speaks first, it is relayed as TCP. A client that is silent for long (it connected ahead of time) may still turn out
 * to speak HTTP: the pod that was connected meanwhile is let go.
 */
export class AutoRelay {
  readonly #client: Socket;
  readonly #route: ServiceRoute;
  readonly #settings: ConnectSettings;
  readonly #serveHttp: () => void;
  #timer: Timer | undefined;
  #heard: Buffer = Buffer.alloc(0);
  #exchange: Exchange | undefined;
  #pod: Socket | undefined;
  #giveUp: (() => void) | undefined;

  /** @param serveHttp Takes the connection over as HTTP; what was heard has been put back by then. */
  constructor(client: Socket, route: ServiceRoute, settings: ConnectSettings, serveHttp: () => void) {
    this.#client = client;
    this.#route = route;
    this.#settings = settings;
    this.#serveHttp = serveHttp;
  }

  start(): void {
    const { clock } = this.#settings;
    this.#timer = clock.schedule(clock.now() + speakFirstMs, this.#connect);
    this.#client.on('data', this.#onClientData).once('end', this.#connect).once('close', this.#onClientGone);
    this.#client.resume();
  }

  readonly #onClientData = (chunk: Buffer): void => {
    this.#heard = this.#heard.length === 0 ? chunk : Buffer.concat([this.#heard, chunk]);
    const found = sniff(this.#heard);
    if (found === 'more' && this.#timer !== undefined) return;
    if (found === 'http') this.#becomeHttp();
    else this.#connect();
  };

  /** Nothing says HTTP so far. Bytes that came are for the pod; without any, either side may still begin. */
  readonly #connect = (): void => {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#heard.length > 0) this.#client.off('data', this.#onClientData).pause();
    if (this.#exchange !== undefined) {
      if (this.#pod !== undefined) this.#becomeTcp(this.#pod);
      return;
    }
    this.#exchange = new Exchange(this.#route, this.#client.remoteAddress ?? '', 'connection');
    this.#giveUp = connectBackend(this.#exchange, this.#settings, (pod) => {
      this.#giveUp = undefined;
      if (pod === undefined) this.#refuse();
      else if (this.#heard.length > 0 || this.#client.readableEnded) this.#becomeTcp(pod);
      else this.#await(pod);
    });
  };

  /** Both are there and silent. */
  #await(pod: Socket): void {
    this.#pod = pod;
    pod.once('readable', this.#onPodNews).once('close', this.#onPodNews);
  }

  readonly #onPodNews = (): void => {
    if (this.#pod !== undefined) this.#becomeTcp(this.#pod);
  };

  #becomeTcp(pod: Socket): void {
    this.#leave();
    pod.off('readable', this.#onPodNews).off('close', this.#onPodNews);
    if (this.#heard.length > 0) pod.write(this.#heard);
    joinSockets(this.#client, pod, (outcome) => this.#exchange?.end(outcome));
  }

  #becomeHttp(): void {
    const counted = this.#exchange !== undefined;
    this.#leave();
    this.#letGoOfPod();
    this.#exchange?.end('ok');
    this.#client.pause();
    this.#client.unshift(this.#heard);
    if (!counted) this.#route.traffic.recorder.connections++;
    this.#serveHttp();
  }

  #refuse(): void {
    this.#leave();
    this.#client.resetAndDestroy();
    this.#exchange?.end('failed');
  }

  readonly #onClientGone = (): void => {
    this.#leave();
    this.#letGoOfPod();
    this.#exchange?.end('abandoned');
  };

  #letGoOfPod(): void {
    this.#giveUp?.();
    this.#pod?.off('readable', this.#onPodNews).off('close', this.#onPodNews).destroy();
    this.#pod = undefined;
  }

  #leave(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#client.off('data', this.#onClientData).off('end', this.#connect).off('close', this.#onClientGone);
  }
}
