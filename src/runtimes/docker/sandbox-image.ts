import { createHash } from 'node:crypto';
import { packTar } from 'modern-tar';
import type { Engine } from './engine.ts';
import { hasStatus } from './engine-answered.ts';
import { labels } from './docker-labels.ts';
import { sandboxProgram } from './sandbox-program.ts';

type Architecture = keyof typeof sandboxProgram;

const baseAddress = 0x400000;
const elfHeaderBytes = 64;
const programHeaderBytes = 56;
const machines: Readonly<Record<Architecture, number>> = { amd64: 0x3e, arm64: 0xb7 };

/** The program as a file that Linux runs: an ELF header, one segment to load, and the code. A few hundred bytes. */
export function sandboxExecutable(architecture: Architecture): Buffer {
  const code = Buffer.from(sandboxProgram[architecture], 'hex');
  const codeAt = elfHeaderBytes + programHeaderBytes;
  const file = Buffer.alloc(codeAt + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, 64 bits, little endian, version 1
  file.writeUInt16LE(2, 16); // an executable
  file.writeUInt16LE(machines[architecture], 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(baseAddress + codeAt), 24); // where it begins
  file.writeBigUInt64LE(BigInt(elfHeaderBytes), 32); // where the program headers are
  file.writeUInt16LE(elfHeaderBytes, 52);
  file.writeUInt16LE(programHeaderBytes, 54);
  file.writeUInt16LE(1, 56); // one program header
  file.writeUInt32LE(1, 64); // to load
  file.writeUInt32LE(5, 68); // readable and executable
  file.writeBigUInt64LE(BigInt(baseAddress), 80);
  file.writeBigUInt64LE(BigInt(baseAddress), 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  code.copy(file, codeAt);
  return file;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The image's name on an engine: it follows from what is in it. */
function sandboxImageName(architecture: Architecture): string {
  return `coxswain/sandbox:${architecture}-${sha256(sandboxExecutable(architecture)).slice(0, 12)}`;
}

/** The image as an archive that an engine loads. The same bytes every time. */
export async function sandboxImageArchive(architecture: Architecture): Promise<Uint8Array> {
  const program = sandboxExecutable(architecture);
  const fixed = { mtime: new Date(0), uid: 0, gid: 0 };
  const layer = await packTar([{ header: { name: 'sandbox', size: program.length, mode: 0o755, ...fixed }, body: program }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { Entrypoint: ['/sandbox'], WorkingDir: '/', Labels: { [labels.role]: 'sandbox-image' } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '1970-01-01T00:00:00Z' }],
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: [sandboxImageName(architecture)], Layers: ['layer.tar'] }]));
  const files = [
    [configName, config],
    ['layer.tar', layer],
    ['manifest.json', manifest],
  ] as const;
  return packTar(files.map(([name, body]) => ({ header: { name, size: body.length, mode: 0o644, ...fixed }, body })));
}

/** Makes sure that the engine has the image, and says its name. Needs no registry. */
export async function ensureSandboxImage(engine: Engine, architecture: string): Promise<string> {
  const known: Architecture = architecture === 'arm64' || architecture === 'aarch64' ? 'arm64' : 'amd64';
  const name = sandboxImageName(known);
  try {
    await engine.json('inspect the sandbox image', { method: 'GET', path: `/images/${name}/json` });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    const archive = await sandboxImageArchive(known);
    await engine.json('load the sandbox image', { method: 'POST', path: '/images/load', query: { quiet: 1 }, archive });
  }
  return name;
}
