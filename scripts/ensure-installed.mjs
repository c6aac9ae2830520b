// Installs the packages of the lock file unless they are there already, so that one command is enough after a clone.
// Uses nothing but Node itself: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`coxswain needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

/** What a lock file wants or npm has installed: path -> version. What only other platforms need is left out. */
function versions(file) {
  const { packages } = JSON.parse(readFileSync(root + file, 'utf8'));
  return new Map(
    Object.entries(packages)
      .filter(([path, entry]) => path !== '' && !entry.optional)
      .map(([path, entry]) => [path, entry.version]),
  );
}

function isInstalled() {
  try {
    const installed = versions('node_modules/.package-lock.json');
    return [...versions('package-lock.json')].every(([path, version]) => installed.get(path) === version);
  } catch {
    return false;
  }
}

/** A linked `node_modules` belongs to another checkout: it is not ours to replace. */
function isLinked() {
  return lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

if (!isLinked() && !isInstalled()) {
  console.log('Installing the packages of package-lock.json (npm ci) ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}
