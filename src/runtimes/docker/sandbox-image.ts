import { architectureOf, builtInImageArchive, ensureBuiltInImage } from './built-in-image.ts';
import type { Architecture, BuiltInImage } from './built-in-image.ts';
import type { Engine } from './engine.ts';
import { sandboxProgram } from './sandbox-program.ts';

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

const sandboxImage = (architecture: Architecture): BuiltInImage => ({
  name: 'sandbox',
  architecture,
  program: sandboxExecutable(architecture),
});

/** The image as an archive that an engine loads. The same bytes every time. */
export const sandboxImageArchive = (architecture: Architecture): Promise<Uint8Array> => builtInImageArchive(sandboxImage(architecture));

/** Makes sure that the engine has the image, and says its name. Needs no registry. */
export const ensureSandboxImage = (engine: Engine, architecture: string): Promise<string> =>
  ensureBuiltInImage(engine, sandboxImage(architectureOf(architecture)));
