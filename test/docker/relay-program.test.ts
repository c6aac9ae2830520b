import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, compilerVersion } from '../../scripts/write-relay-program.ts';
import { relayCompiler, relayProgram } from '../../src/runtimes/docker/relay-program.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

const emulator = '/usr/bin/qemu-aarch64-static';
const onX64 = process.platform === 'linux' && process.arch === 'x64';
const isRoot = process.getuid?.() === 0 && existsSync('/dev/net/tun');
const programs = [
  { architecture: 'amd64', before: '', can: onX64 },
  { architecture: 'arm64', before: emulator, can: onX64 && existsSync(emulator) },
] as const;

function versionOf(architecture: 'amd64' | 'arm64'): string | undefined {
  try {
    return compilerVersion(architecture);
  } catch {
    return undefined;
  }
}

describe.each(programs)("the relay's program for $architecture", ({ architecture, before, can }) => {
  let folder: string;
  let file: string;
  const canCompile = versionOf(architecture) === relayCompiler;
  if (!canCompile)
    console.warn(`*** no gcc ${relayCompiler} for ${architecture}: whether the relay's program is its source's is NOT COMPARED. ***`);
  if (!can || !isRoot) console.warn(`*** the relay's program for ${architecture} needs root, x64 and ${emulator}: it is NOT TRIED. ***`);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coxswain-relay-'));
    file = join(folder, 'relay');
    writeFileSync(file, Buffer.from(relayProgram[architecture], 'hex'), { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.runIf(canCompile)('is what its source compiles to', () => {
    expect(compile(architecture)).toBe(relayProgram[architecture]);
  });

  test.runIf(can)('says what it needs', () => {
    const command = `${before} ${file}`.trim().split(' ');
    const { status, stderr } = spawnSync(command[0]!, command.slice(1), { timeout: patienceMs });
    expect([status, stderr.toString()]).toEqual([1, 'usage: relay RANGE SLICE: errno 22\n']);
  });

  test.runIf(can && isRoot)('gives back signs of life, routes all but its slice to itself, and ends with its input', () => {
    const namespace = `cxr${process.pid}${architecture}`;
    const inside = (...args: readonly string[]): string =>
      execFileSync('ip', ['netns', 'exec', namespace, ...args], { timeout: patienceMs, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    execFileSync('ip', ['netns', 'add', namespace]);
    try {
      // Else the kernel has something to say by itself.
      inside('sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6');
      inside('ip', 'link', 'add', 'eth0', 'mtu', '9000', 'type', 'veth', 'peer', 'name', 'eth1');
      inside('ip', 'addr', 'add', '10.170.8.1/16', 'dev', 'eth0');
      for (const device of ['eth0', 'eth1']) inside('ip', 'link', 'set', device, 'up');
      const script = `mkfifo ${folder}/in; ${before} ${file} 10.170.0.0/16 10.170.8.0/21 <${folder}/in >${folder}/out & exec 9>${folder}/in
        until ip link show relay up 2>&1 | grep -q LOWER_UP; do :; done
        ip route; cat /sys/class/net/relay/mtu; printf '\\0\\0' >&9; exec 9>&-; wait $!; echo $?`;
      const said = inside('sh', '-c', script);
      expect(said.split('\n').map((line) => line.trim())).toEqual([
        '10.170.0.0/17 dev relay scope link',
        '10.170.0.0/16 dev eth0 proto kernel scope link src 10.170.8.1',
        '10.170.8.0/21 dev eth0 scope link',
        '10.170.128.0/17 dev relay scope link',
        '9000',
        '0',
        '',
      ]);
      expect(readFileSync(`${folder}/out`)).toEqual(Buffer.alloc(2));
    } finally {
      execFileSync('ip', ['netns', 'del', namespace]);
    }
  });
});
