// Completes package-lock.json: `npm run lock`, after every `npm install`. Where a registry mirror lacks the builds of some native package for
// other platforms, npm leaves them out of the lock file, and `npm ci` then refuses it. Their versions are pinned by the package that wants
// them and their platforms stand in their names, so they can be written down without asking anybody.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

/** `@oxlint/binding-linux-arm64-musl` -> os, cpu and libc. */
function platformOf(name) {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  const libc = words.includes('musl') ? 'musl' : words.includes('gnu') && words.includes('linux') ? 'glibc' : undefined;
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  return { cpu, ...(libc === undefined ? {} : { libc: [libc] }), os };
}

let added = 0;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const inside = `${path}/node_modules/${name}`;
    if (lock.packages[inside] !== undefined || lock.packages[`node_modules/${name}`] !== undefined) continue;
    const { cpu, os, ...rest } = platformOf(name);
    if (!/^\d/.test(version) || (os.length === 0 && cpu.length === 0)) {
      throw new Error(`${path} wants ${name}@${version}: expected an exact version and a platform in the name`);
    }
    lock.packages[`node_modules/${name}`] = { version, cpu, ...(dev ? { dev } : {}), ...rest, optional: true, os };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added} added`);
