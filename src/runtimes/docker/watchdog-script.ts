/**
 * What the watchdog runs: `node -e SCRIPT`, with its orders as JSON in the environment. It is plain JavaScript in a string, so that it
 * needs no file of this package and no package at all. It reads from its owner until the owner says `bye` or is gone, however it went.
 * Then it removes what carries the owner's labels: containers, networks and volumes, again and again until a few looks in a row have
 * found nothing, because a request that was under way when the owner died may still be carried out; then the folders, and the bridge if the
 * engine has lost it (that needs root; it stays while something is attached to it, or the node has a network again); at last it tries for a
 * while to remove the network of all the cluster's nodes, which the engine refuses while another node uses it.
 */
export const watchdogScript = `
'use strict';
const { spawn, spawnSync } = require('node:child_process');
const { rmSync, rmdirSync, readdirSync } = require('node:fs');
const { basename, dirname } = require('node:path');
const order = JSON.parse(process.env.COXSWAIN_WATCHDOG);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']) process.on(name, () => {});
const { address } = order;
const https = address.type === 'tcp' && address.tls;
const { request, Agent } = require(https ? 'node:https' : 'node:http');
const options = { agent: new Agent({ keepAlive: true, maxSockets: 8 }) };
if (address.type === 'socket') options.socketPath = address.path;
if (address.type === 'tcp') Object.assign(options, { host: address.host, port: address.port });
if (https) {
  for (const name of ['ca', 'cert', 'key']) if (address.tls[name]) options[name] = Buffer.from(address.tls[name], 'base64');
  options.rejectUnauthorized = address.tls.verify;
}
if (address.type === 'ssh') {
  const { Duplex } = require('node:stream');
  options.agent.createConnection = () => {
    const child = spawn('ssh', address.args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const duplex = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.once('error', (error) => duplex.destroy(error));
    duplex.once('close', () => child.kill());
    const self = () => duplex;
    return Object.assign(duplex, { setKeepAlive: self, setNoDelay: self, setTimeout: self, ref: self, unref: self });
  };
}
const call = (method, path) =>
  new Promise((resolve, reject) => {
    const asked = request({ ...options, method, path: order.prefix + path, signal: AbortSignal.timeout(15000) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode >= 500) reject(new Error(text));
        else if (method === 'GET') resolve(JSON.parse(text));
        else resolve(undefined);
      });
    });
    asked.on('error', reject);
    asked.end();
  });
const sweepOverlay = async () => {
  const networks = await call('GET', '/networks?filters=' + encodeURIComponent(order.overlay));
  await Promise.all(networks.map(({ Id }) => call('DELETE', '/networks/' + Id).catch(() => undefined)));
  return networks.length;
};
const sweepOnce = async (label) => {
  const filters = 'filters=' + encodeURIComponent(JSON.stringify({ label }));
  const containers = await call('GET', '/containers/json?all=1&' + filters);
  const remove = (path) => call('DELETE', path).catch(() => undefined);
  await Promise.all(containers.map(({ Id }) => remove('/containers/' + Id + '?force=1&v=1')));
  const networks = await call('GET', '/networks?' + filters);
  await Promise.all(networks.map(({ Id }) => remove('/networks/' + Id)));
  const volumes = (await call('GET', '/volumes?' + filters)).Volumes || [];
  await Promise.all(volumes.map(({ Name }) => remove('/volumes/' + encodeURIComponent(Name))));
  return containers.length + networks.length + volumes.length;
};
const sweep = async () => {
  let found = 0;
  for (const label of order.labels) found += await sweepOnce(label);
  await sweepOverlay();
  return found;
};
const removeBridge = async () => {
  const node = order.labels[0].filter((label) => /^coxswain\\.(cluster|node)=/.test(label));
  const networks = await call('GET', '/networks?filters=' + encodeURIComponent(JSON.stringify({ label: node })));
  if (networks.length > 0 || readdirSync('/sys/class/net/' + order.bridge + '/brif').length > 0) return;
  spawnSync('ip', ['link', 'del', order.bridge], { stdio: 'ignore' });
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const act = async () => {
  for (const line of said.split('\\n').slice(0, -1)) {
    for (const [program, ...args] of JSON.parse(line)) spawn(program, args, { stdio: 'ignore' }).once('error', () => {});
  }
  for (const folder of order.folders) rmSync(folder, { recursive: true, force: true });
  // An engine that is away for a while is waited for.
  for (let clean = 0, tries = 0; clean < 4 && tries < 600; tries++) {
    const found = await sweep().catch(() => -1);
    clean = found === 0 ? clean + 1 : 0;
    await pause(found < 0 ? 500 : found > 0 ? 50 : 400);
  }
  for (const folder of order.folders) rmSync(folder, { recursive: true, force: true });
  // What a cluster made in the system's temporary folder to hold that of the node goes with the last of them.
  const [outer] = order.folders.map(dirname);
  if (outer && basename(outer).startsWith('coxswain-')) try { rmdirSync(outer); } catch {}
  if (order.bridge) await removeBridge().catch(() => undefined);
  for (let tries = 0; tries < 40 && (await sweepOverlay().catch(() => 0)) > 0; tries++) await pause(500);
  process.exit(0);
};
let said = '';
let acting = false;
const gone = () => {
  if (acting) return;
  acting = true;
  act();
};
process.stdin.on('data', (chunk) => {
  said += chunk;
  if (said.endsWith('bye\\n')) process.exit(0);
});
process.stdin.on('end', gone).on('error', gone).on('close', gone);
process.stdout.write('ready');
`;
