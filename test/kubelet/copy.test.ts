import { packTar, unpackTar } from 'modern-tar';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from 'coxswain';
import type { Pod } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';

let cluster: Cluster;
let pod: Pod;
let folder: string;
const stop = new AbortController();
let running: Promise<void>;

/** A file larger than any pipe. */
const large = Buffer.alloc(1_000_000, 'x');

describe('files in and out of a container whose runtime has tar run in it', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coxswain-copy-'));
    const images = { 'sleeper:1': { command: ['sleep', '1000'] as const } };
    cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new ProcessRuntime({ images }) }] });
    running = cluster.run({ signal: stop.signal });
    await cluster.pods.create({ metadata: { name: 'a' }, spec: { containers: [{ name: 'main', image: 'sleeper:1' }] } });
    pod = await cluster.pods.get('a')!.waitFor('Ready');
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('in, and out again', async () => {
    const archive = await packTar([{ header: { name: 'large', size: large.length }, body: large }]);
    await pod.copyTo(folder, archive);
    expect(readFileSync(join(folder, 'large')).equals(large)).toBe(true);
    writeFileSync(join(folder, 'large'), 'changed');
    const pieces: Uint8Array[] = [];
    for await (const piece of await pod.copyFrom(join(folder, 'large'))) pieces.push(piece);
    const found = await unpackTar(Buffer.concat(pieces));
    expect(found.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString()])).toEqual([['large', 'changed']]);
  });

  test('what is not there is an error, on both ways', async () => {
    const failed = { code: 'RUNTIME_COPY_FAILED', message: expect.stringMatching(/nobody.*tar in the container ended with [12]/) };
    const read = async (): Promise<void> => {
      for await (const piece of await pod.copyFrom(join(folder, 'nobody'))) void piece;
    };
    await expect(read()).rejects.toMatchObject(failed);
    const archive = await packTar([{ header: { name: 'large', size: large.length }, body: large }]);
    await expect(pod.copyTo(join(folder, 'nobody'), archive)).rejects.toMatchObject(failed);
  });

  test('an archive that breaks off ends the copying with its error', async () => {
    async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(512);
      await Promise.resolve();
      throw new Error('the disk is gone');
    }
    await expect(pod.copyTo(folder, broken())).rejects.toThrow('the disk is gone');
  });

  test('a deadline ends the copying, on both ways', async () => {
    const late = { code: 'RUNTIME_DEADLINE' };
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(512);
      await new Promise<never>(() => undefined);
    }
    await expect(pod.copyTo(folder, endless(), { timeoutMs: 500 })).rejects.toMatchObject(late);
    // A container whose tar says nothing.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/tar'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
    const env = [{ name: 'PATH', value: `${join(folder, 'bin')}:${process.env.PATH}` }];
    await cluster.pods.create({ metadata: { name: 'mute' }, spec: { containers: [{ name: 'main', image: 'sleeper:1', env }] } });
    const mute = await cluster.pods.get('mute')!.waitFor('Ready');
    await expect(mute.copyFrom(folder, { timeoutMs: 500 })).rejects.toMatchObject(late);
  });

  test('a signal ends the copying, on both ways', async () => {
    const aborted = { code: 'ABORTED' };
    const intoIt = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(512);
      intoIt.abort();
      await new Promise<never>(() => undefined);
    }
    await expect(pod.copyTo(folder, endless(), { signal: intoIt.signal })).rejects.toMatchObject(aborted);
    writeFileSync(join(folder, 'large'), large);
    const outOfIt = new AbortController();
    const read = async (): Promise<void> => {
      for await (const piece of await pod.copyFrom(join(folder, 'large'), { signal: outOfIt.signal })) {
        void piece;
        outOfIt.abort();
      }
    };
    await expect(read()).rejects.toMatchObject(aborted);
  });
});
