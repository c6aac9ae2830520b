import { createHash } from 'node:crypto';
import { packTar } from 'modern-tar';
import { labels } from './docker-labels.ts';
import { hasStatus } from './engine-answered.ts';
import type { Engine } from './engine.ts';

export type Architecture = 'amd64' | 'arm64';

/** An image of one program that is part of this package. */
export interface BuiltInImage {
  /** `sandbox`, which is also the program's name. */
  readonly name: string;
  readonly architecture: Architecture;
  /** A file that Linux runs and that needs no other. */
  readonly program: Buffer;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The image's name on an engine: it follows from what is in it. */
const imageName = ({ name, architecture, program }: BuiltInImage): string =>
  `coxswain/${name}:${architecture}-${sha256(program).slice(0, 12)}`;

/** As the engine says it (`x86_64`, `aarch64`) or as images do. */
export const architectureOf = (text: string): Architecture => (text === 'arm64' || text === 'aarch64' ? 'arm64' : 'amd64');

/** The image as an archive that an engine loads. The same bytes every time. */
export async function builtInImageArchive(image: BuiltInImage): Promise<Uint8Array> {
  const { name, architecture, program } = image;
  const fixed = { mtime: new Date(0), uid: 0, gid: 0 };
  const layer = await packTar([{ header: { name, size: program.length, mode: 0o755, ...fixed }, body: program }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { Entrypoint: [`/${name}`], WorkingDir: '/', Labels: { [labels.role]: `${name}-image` } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '1970-01-01T00:00:00Z' }],
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: [imageName(image)], Layers: ['layer.tar'] }]));
  const files = [
    [configName, config],
    ['layer.tar', layer],
    ['manifest.json', manifest],
  ] as const;
  return packTar(files.map(([file, body]) => ({ header: { name: file, size: body.length, mode: 0o644, ...fixed }, body })));
}

/** Makes sure that the engine has the image, and says its name. Needs no registry. */
export async function ensureBuiltInImage(engine: Engine, image: BuiltInImage): Promise<string> {
  const name = imageName(image);
  try {
    await engine.json(`inspect the ${image.name} image`, { method: 'GET', path: `/images/${name}/json` });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    const archive = await builtInImageArchive(image);
    await engine.json(`load the ${image.name} image`, { method: 'POST', path: '/images/load', query: { quiet: 1 }, archive });
  }
  return name;
}
