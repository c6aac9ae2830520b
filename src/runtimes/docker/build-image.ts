import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import type { Logger } from '../../env/logger.ts';
import { silentLogger } from '../../env/logger.ts';
import { SystemClock } from '../../env/system-clock.ts';
import { AbortedError, CoxswainError, RuntimeError } from '../../errors.ts';
import { withDeadline } from '../../env/call-deadline.ts';
import type { CallOptions } from '../runtime.ts';
import { checkImageBuild } from './docker-options-check.ts';
import type { EngineSearch } from './engine-discovery.ts';
import { findEngine } from './engine-discovery.ts';
import type { Engine } from './engine.ts';
import type { Ignore } from './ignore-file.ts';
import { readIgnoreFile } from './ignore-file.ts';
import { parseImageName } from './image-name.ts';
import { registryHeader } from './image-puller.ts';
import { jsonLines } from './json-lines.ts';
import { RegistryCredentials } from './registry-credentials.ts';

/** What is to be built, and on which engine. */
export interface ImageBuild extends EngineSearch, CallOptions {
  /** The image's name: `shop/web:1`. */
  readonly image: string;
  /** The folder with the files, less what its `.dockerignore` leaves out. */
  readonly folder: string;
  /** Within the folder; `Dockerfile` unless given. */
  readonly dockerfile?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** The stage to build; the last unless given. */
  readonly target?: string;
  /** `linux/arm64`; the engine's own unless given. */
  readonly platform?: string;
  /** The folder with the docker configuration's `config.json`, for base images that need credentials; `DOCKER_CONFIG` or `~/.docker` unless given. */
  readonly configFolder?: string;
  /** Hears every line of the build. */
  readonly onProgress?: (line: string) => void;
  readonly logger?: Logger;
}

interface Said {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly aux?: { readonly ID?: string };
}

const buildTimeoutMs = 1_800_000;
const lastLinesMax = 20;

/**
 * Builds an image from a Dockerfile on the engine that pods will run on. Resolves with the image's id once it is there by its name.
 *
 * @throws RuntimeError `RUNTIME_BUILD_FAILED` with the end of what the build said; ConfigurationError if there is no such option.
 * @example
 * await buildImage({ image: 'shop/web:1', folder: './web' });
 */
export async function buildImage(build: ImageBuild): Promise<string> {
  checkImageBuild(build);
  const clock = new SystemClock();
  const { engine } = await findEngine(build, clock);
  try {
    return await withDeadline(clock, `building image "${build.image}"`, buildTimeoutMs, build, (signal) => buildOn(engine, build, signal));
  } finally {
    engine.close();
  }
}

async function buildOn(engine: Engine, build: ImageBuild, signal: AbortSignal): Promise<string> {
  const { image, folder, dockerfile = 'Dockerfile', buildArgs = {}, target, platform, timeoutMs, onProgress } = build;
  const failed = (why: string, cause?: unknown): RuntimeError =>
    new RuntimeError('RUNTIME_BUILD_FAILED', `building image "${image}" from ${join(folder, dockerfile)}: ${why}`, { cause });
  const text = await readFile(join(folder, dockerfile), 'utf8').catch((cause: unknown) => {
    throw failed((cause as Error).message, cause);
  });
  const archive = await contextOf(folder, dockerfile).catch((cause: unknown) => {
    throw failed((cause as Error).message, cause);
  });
  const query = { t: image, dockerfile, buildargs: JSON.stringify(buildArgs), target, platform, rm: 1, forcerm: 1 };
  const headers = { 'X-Registry-Config': await registryConfig(text, build) };
  const lines: string[] = [];
  let id: string | undefined;
  try {
    const source = await engine.stream(
      'build an image',
      { method: 'POST', path: '/build', query, archive, headers },
      signal,
      timeoutMs ?? buildTimeoutMs,
    );
    source.once('error', () => undefined);
    for await (const said of jsonLines<Said>(source)) {
      const wrong = said.errorDetail?.message ?? said.error;
      if (wrong !== undefined) throw failed(`${wrong}\n${lines.slice(-lastLinesMax).join('\n')}`);
      const line = (said.stream ?? said.status ?? '').trimEnd();
      if (line !== '') {
        lines.push(line);
        onProgress?.(line);
      }
      id = said.aux?.ID ?? id;
    }
  } catch (error) {
    if (error instanceof RuntimeError || error instanceof AbortedError) throw error;
    throw failed(error instanceof CoxswainError ? error.message : `the engine's answer was cut: ${(error as Error).message}`, error);
  }
  if (id === undefined) throw failed(`the engine's answer ended without an image\n${lines.slice(-lastLinesMax).join('\n')}`);
  return id;
}

/** The folder as a tar archive. The Dockerfile itself is sent in any case. */
async function contextOf(folder: string, dockerfile: string): Promise<Uint8Array> {
  const ignored = await readFile(join(folder, '.dockerignore'), 'utf8').then(readIgnoreFile, (error: NodeJS.ErrnoException): Ignore => {
    // One that is there and cannot be read would let out what it is to keep in.
    if (error.code !== 'ENOENT') throw error;
    return () => false;
  });
  const entries: Parameters<typeof packTar>[0][number][] = [];
  for (const path of (await readdir(folder, { recursive: true })).map((each) => each.replaceAll('\\', '/')).sort()) {
    if (path !== dockerfile && ignored(path)) continue;
    const stats = await lstat(join(folder, path));
    const common = { mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
    if (stats.isDirectory()) entries.push({ header: { name: `${path}/`, type: 'directory', size: 0, ...common } });
    else if (stats.isSymbolicLink())
      entries.push({ header: { name: path, type: 'symlink', size: 0, linkname: await readlink(join(folder, path)), ...common } });
    else if (stats.isFile()) {
      const body = await readFile(join(folder, path));
      entries.push({ header: { name: path, type: 'file', size: body.length, ...common }, body });
    }
  }
  return packTar(entries);
}

/** Credentials for the registries that the Dockerfile builds on. */
async function registryConfig(dockerfile: string, { logger = silentLogger, env = process.env, configFolder }: ImageBuild): Promise<string> {
  const credentials = new RegistryCredentials(logger, env, configFolder);
  const registries = [...dockerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)/gim)].flatMap(([, name = '']) =>
    name.includes('$') ? [] : [parseImageName(name).registry],
  );
  const found = await Promise.all([...new Set(registries)].map(async (registry) => [registry, await credentials.find(registry)] as const));
  return registryHeader(Object.fromEntries(found.filter(([, auth]) => auth !== undefined)));
}
