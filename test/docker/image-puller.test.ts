import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock, silentLogger } from 'coxswain';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { buildImage } from '../../src/runtimes/docker/build-image.ts';
import { ImageGarbage } from '../../src/runtimes/docker/image-garbage.ts';
import { ImagePuller, registryHeader } from '../../src/runtimes/docker/image-puller.ts';
import { RegistryCredentials } from '../../src/runtimes/docker/registry-credentials.ts';
import { engineHere } from './engine-here.ts';
import { FaultProxy } from './fault-proxy.ts';
import { Registry, registryUser } from './registry.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';

// user:secret
const htpasswd = 'user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
const signal = new AbortController().signal;
const clock = new ManualClock();

const here = await engineHere('pulls from a registry');
let engine: Engine;
let open: Registry;
let closed: Registry;
let folder: string;
let digest: string;

/** A puller with a docker configuration of its own, on an engine that counts what is fetched. */
function puller(config: object = {}, path?: string): { readonly images: ImagePuller; fetched(): number } {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  let fetched = 0;
  const counting = Object.create(engine) as Engine;
  Object.assign(counting, {
    json: engine.json.bind(engine),
    stream: (...args: Parameters<Engine['stream']>) => {
      fetched++;
      return engine.stream(...args);
    },
  });
  const env = { ...process.env, ...(path === undefined ? {} : { PATH: `${path}:${process.env.PATH}` }) };
  const credentials = new RegistryCredentials({ ...silentLogger, warn: (...said: unknown[]) => console.warn(...said) }, env, folder);
  const images = new ImagePuller(counting, clock, credentials, { neverPull: false, platform: undefined, silenceMs: 30_000 });
  return { images, fetched: () => fetched };
}

async function push(registry: Registry, auth: object, image: string = testImages.base, name = 'base'): Promise<string> {
  const repo = `${registry.host}/team/${name}`;
  await engine.json('tag', { method: 'POST', path: `/images/${image}/tag`, query: { repo, tag: '1' } });
  const headers = { 'X-Registry-Auth': registryHeader(auth) };
  const source = await engine.stream(
    'push',
    { method: 'POST', path: `/images/${repo}/push`, query: { tag: '1' }, headers },
    signal,
    60_000,
  );
  let said = '';
  for await (const chunk of source) said += String(chunk);
  // The image store of containerd says it in words alone.
  const pushed = /digest(?:":"|: )(sha256:[0-9a-f]+)/i.exec(said)?.[1];
  if (pushed === undefined) throw new Error(`the push failed: ${said}`);
  return pushed;
}

const gone = async (image: string): Promise<void> => {
  await engine.json('remove', { method: 'DELETE', path: `/images/${image}` }).catch(() => undefined);
};

describe.runIf(here)('pulls from a real registry', () => {
  beforeAll(async () => {
    engine = await testEngine();
    await ensureTestImages(engine);
    folder = mkdtempSync(join(tmpdir(), 'coxswain-pull-'));
    [open, closed] = await Promise.all([Registry.start(), Registry.start(htpasswd)]);
    digest = await push(open, {});
    await push(closed, registryUser);
  });
  afterAll(async () => {
    for (const registry of [open, closed]) {
      await gone(`${registry.host}/team/base:1`);
      await registry.close();
    }
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an image is fetched once however many ask, and every one hears of the progress', async () => {
    const image = `${open.host}/team/base:1`;
    await gone(image);
    const { images, fetched } = puller();
    const heard: string[][] = [[], [], []];
    const ids = await Promise.all(
      heard.map((lines) => images.pull({ image, credentials: [], onProgress: (line) => lines.push(line) }, signal)),
    );
    expect(new Set(ids).size).toBe(1);
    expect(fetched()).toBe(1);
    for (const lines of heard) expect(lines.join('\n')).toMatch(/Pulling from team\/base[^]*Status: /);
    expect((await images.status(image))?.names).toContain(image);
  });

  test('one of two who asked leaves, and the other gets the image', async () => {
    const image = `${open.host}/team/base:1`;
    await gone(image);
    const { images } = puller();
    const leave = new AbortController();
    const [left, stayed] = [images.pull({ image, credentials: [] }, leave.signal), images.pull({ image, credentials: [] }, signal)];
    leave.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    expect(await stayed).toMatch(/^sha256:/);
  });

  test('by digest; a wrong one is not found', async () => {
    const { images } = puller();
    expect(await images.pull({ image: `${open.host}/team/base@${digest}`, credentials: [] }, signal)).toMatch(/^sha256:/);
    const wrong = `${open.host}/team/base@sha256:${'0'.repeat(64)}`;
    await expect(images.pull({ image: wrong, credentials: [] }, signal)).rejects.toMatchObject({ code: 'RUNTIME_IMAGE_NOT_FOUND' });
  });

  test('404: the error names the image', async () => {
    const image = `${open.host}/team/nobody:9`;
    await expect(puller().images.pull({ image, credentials: [] }, signal)).rejects.toMatchObject({
      code: 'RUNTIME_IMAGE_NOT_FOUND',
      retryable: true,
      message: expect.stringContaining(image),
    });
  });

  test('401 without credentials, and with wrong ones', async () => {
    const image = `${closed.host}/team/base:1`;
    await gone(image);
    const refused = { code: 'RUNTIME_IMAGE_UNAUTHORIZED' };
    await expect(puller().images.pull({ image, credentials: [] }, signal)).rejects.toMatchObject(refused);
    const wrong = [{ registry: closed.host, username: 'user', password: 'wrong' }];
    await expect(puller().images.pull({ image, credentials: wrong }, signal)).rejects.toMatchObject(refused);
  });

  test('credentials from imagePullSecrets, auths, a store and a helper', async () => {
    const image = `${closed.host}/team/base:1`;
    const bin = join(folder, 'bin');
    const answer = JSON.stringify({ ServerURL: closed.host, Username: 'user', Secret: 'secret' });
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'docker-credential-test'),
      `#!/bin/sh\nread host\n[ "$host" = "${closed.host}" ] || { echo "credentials not found in native keychain"; exit 1; }\necho '${answer}'\n`,
    );
    chmodSync(join(bin, 'docker-credential-test'), 0o755);
    const auth = Buffer.from('user:secret').toString('base64');
    const ways: readonly (readonly [config: object, credentials: readonly object[]])[] = [
      [{}, [{ registry: closed.host, ...registryUser }]],
      [{ auths: { [closed.host]: { auth } } }, []],
      [{ credsStore: 'test' }, []],
      [{ credHelpers: { [closed.host]: 'test' } }, []],
      // The first set is wrong: the user's own follows.
      [{ auths: { [`https://${closed.host}`]: { auth } } }, [{ registry: closed.host, username: 'user', password: 'wrong' }]],
    ];
    for (const [config, credentials] of ways) {
      await gone(image);
      const pull = { image, credentials: credentials as Parameters<ImagePuller['pull']>[0]['credentials'] };
      expect(await puller(config, bin).images.pull(pull, signal), JSON.stringify(config)).toMatch(/^sha256:/);
    }
  });

  test('what was fetched and is unused goes, after its time or beyond its room; what was there before stays', async () => {
    const image = `${open.host}/team/base:1`;
    const { images } = puller();
    // It is on the engine: another pull of it makes it nobody's.
    await images.pull({ image, credentials: [] }, signal);
    expect(images.fetched.size).toBe(0);
    await gone(image);
    const { id, sizeBytes } = (await images.pull({ image, credentials: [] }, signal).then(() => images.status(image)))!;
    let used = new Set([id]);
    const garbage = (options: object) => new ImageGarbage({ clock, logger: silentLogger, images, options, inUse: () => used });
    const byAge = garbage({ unusedMs: 1000 });
    clock.moveTo(clock.now() + 5000);
    expect(await byAge.collect()).toEqual([]);
    used = new Set();
    clock.moveTo(clock.now() + 999);
    expect(await byAge.collect()).toEqual([]);
    expect(await garbage({ maximumBytes: sizeBytes }).collect()).toEqual([]);
    clock.moveTo(clock.now() + 1);
    expect(await byAge.collect()).toEqual([image]);
    expect(await images.status(image)).toBeUndefined();
    await images.pull({ image, credentials: [] }, signal);
    const byRoom = garbage({ maximumBytes: sizeBytes - 1 });
    // Whoever had it fetched is about to make a container of it.
    clock.moveTo(clock.now() + 119_999);
    expect(await byRoom.collect()).toEqual([]);
    clock.moveTo(clock.now() + 1);
    expect(await byRoom.collect()).toEqual([image]);
  });

  test('what a name means now is in use, though it meant another image when it was fetched first', async () => {
    const image = `${open.host}/team/moved:1`;
    await push(open, {}, testImages.base, 'moved');
    await gone(image);
    const { images } = puller();
    const first = await images.pull({ image, credentials: [] }, signal);
    await push(open, {}, testImages.quick, 'moved');
    const second = await images.pull({ image, credentials: [] }, signal);
    expect(second).not.toBe(first);
    expect(images.fetched.get(image)?.id).toBe(second);
    const garbage = new ImageGarbage({ clock, logger: silentLogger, images, options: { unusedMs: 0 }, inUse: () => new Set([second]) });
    expect(await garbage.collect()).toEqual([]);
    await gone(image);
  });

  test('what lost its name to an image that was fetched later goes too, unless somebody has given it another', async () => {
    const image = `${open.host}/team/again:1`;
    const { images } = puller();
    const fetch = async (content: string): Promise<string> => {
      const archive = await packTar([{ header: { name: 'content', size: content.length }, body: content }]);
      const query = { fromSrc: '-', repo: 'coxswain-test/again', tag: '1' };
      await engine.json('import', { method: 'POST', path: '/images/create', query, archive });
      await push(open, {}, 'coxswain-test/again:1', 'again');
      await gone('coxswain-test/again:1');
      return images.pull({ image, credentials: [] }, signal);
    };
    const pushed = await fetch('zero');
    await gone(image);
    // As it would be on an engine that never had it.
    expect(await images.inspect(pushed)).toBeUndefined();
    const first = await images.pull({ image, credentials: [] }, signal);
    const second = await fetch('one');
    expect((await images.inspect(first))?.RepoTags).toEqual([]);
    let used = new Set([first, second]);
    const options = { unusedMs: 1000 };
    const garbage = new ImageGarbage({ clock, logger: silentLogger, images, options, inUse: () => used });
    const collect = (): Promise<readonly string[]> => {
      clock.moveTo(clock.now() + 5000);
      return garbage.collect();
    };
    expect(await collect()).toEqual([]);
    used = new Set([second]);
    await engine.json('tag', { method: 'POST', path: `/images/${first}/tag`, query: { repo: 'coxswain-test/kept', tag: '1' } });
    expect(await collect()).toEqual([]);
    await gone('coxswain-test/kept:1');
    expect(await collect()).toEqual([first]);
    expect(await images.inspect(first)).toBeUndefined();
    expect((await images.inspect(image))?.Id).toBe(second);
    await gone(image);
  });

  test('an image is built from a Dockerfile, on a base that needs credentials', async () => {
    const base = `${closed.host}/team/base:1`;
    await gone(base);
    const source = join(folder, 'source');
    mkdirSync(join(source, 'node_modules/deep'), { recursive: true });
    writeFileSync(join(source, 'kept.txt'), 'kept');
    writeFileSync(join(source, 'node_modules/deep/x.js'), 'left out');
    writeFileSync(join(source, '.dockerignore'), '# rubbish\n**/deep\nDockerfile\n');
    writeFileSync(
      join(source, 'Dockerfile'),
      `FROM ${base}\nARG WORD\nENV WORD=$WORD\nCOPY . /app/\nRUN ls /app/node_modules > /app/list; test "$WORD" = said\n`,
    );
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from('user:secret').toString('base64') } } }),
    );
    const image = 'coxswain-test/built:1';
    const lines: string[] = [];
    const build = { image, folder: source, configFolder: folder };
    const id = await buildImage({ ...build, buildArgs: { WORD: 'said' }, onProgress: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/FROM [^]*RUN ls/);
    expect((await puller().images.inspect(image))?.Id).toBe(id);
    await expect(buildImage({ ...build, buildArgs: { WORD: 'other' } })).rejects.toMatchObject({
      code: 'RUNTIME_BUILD_FAILED',
      message: expect.stringMatching(/returned a non-zero code: 1[^]*RUN ls/),
    });
    await expect(buildImage({ image, folder: source, dockerfile: 'No' })).rejects.toMatchObject({ code: 'RUNTIME_BUILD_FAILED' });
    // One that cannot be read does not mean that nothing is left out.
    rmSync(join(source, '.dockerignore'));
    mkdirSync(join(source, '.dockerignore'));
    await expect(buildImage(build)).rejects.toMatchObject({ code: 'RUNTIME_BUILD_FAILED', message: expect.stringContaining('EISDIR') });
    await gone(image);
    await gone(base);
  });

  test('a registry that is down', async () => {
    const pull = { image: '127.0.0.1:1/team/base:1', credentials: [] };
    await expect(puller().images.pull(pull, signal)).rejects.toMatchObject({ code: 'RUNTIME_REGISTRY_UNAVAILABLE', retryable: true });
  });

  test('an answer of the engine that is cut in the middle', async () => {
    const image = `${open.host}/team/base:1`;
    await gone(image);
    const proxy = await FaultProxy.start(engine);
    const behind = await testEngine(proxy.host);
    try {
      proxy.add({ match: /^POST \S*\/images\/create/, kind: 'cut', times: 1 });
      const images = new ImagePuller(behind, clock, new RegistryCredentials(silentLogger, {}, folder), {
        neverPull: false,
        platform: undefined,
        silenceMs: 30_000,
      });
      await expect(images.pull({ image, credentials: [] }, signal)).rejects.toMatchObject({ retryable: true });
      expect(await images.pull({ image, credentials: [] }, signal)).toMatch(/^sha256:/);
    } finally {
      behind.close();
      await proxy.close();
    }
  });
});
