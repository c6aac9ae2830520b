import type { Pod } from 'coxswain';

/** What a pod runs to be talked to: HTTP at 8080, datagrams at 8080. */
export const relayServer = `
const { createHash, randomBytes } = require('node:crypto');
const digest = (data) => createHash('sha256').update(data).digest('hex');
require('node:http').createServer((request, response) => {
  if (request.url === '/exit') process.exit(1);
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const got = Buffer.concat(parts);
    if (got.length === 0) return response.end(process.env.HOSTNAME);
    const back = randomBytes(got.length);
    response.setHeader('got', digest(got)).setHeader('sent', digest(back)).end(back);
  });
}).listen(8080);
const udp = require('node:dgram').createSocket('udp4', (data, { port, address }) => udp.send(data, port, address));
udp.bind(8080);
`;

const run = async (from: Pod, code: string): Promise<string> => {
  const { stdout, stderr } = await from.exec(['node', '-e', code]);
  return stdout.trim() === '' ? stderr : stdout.trim();
};

/** Asks for a page, once. What it says, or the code of the error; and the milliseconds it took, measured over there. */
export async function dial(from: Pod, ip: string, path = '/'): Promise<{ readonly said: string; readonly ms: number }> {
  const code = `const since = performance.now();
    const tell = (said) => console.log(JSON.stringify({ said, ms: performance.now() - since }));
    require('node:http').get('http://${ip}:8080${path}', (answer) => answer.setEncoding('utf8').once('data', tell))
      .on('error', ({ code }) => tell(code)).setTimeout(5000, function () { this.destroy(Object.assign(new Error(), { code: 'silence' })); });`;
  return JSON.parse(await run(from, code)) as { said: string; ms: number };
}

/** Sends bytes and gets as many others back: `both as sent` if both are whole. */
export function exchange(from: Pod, ip: string, bytes: number): Promise<string> {
  const code = `const { createHash, randomBytes } = require('node:crypto');
    const digest = (data) => createHash('sha256').update(data).digest('hex');
    const body = randomBytes(${bytes});
    fetch('http://${ip}:8080/', { method: 'POST', body }).then(async (answer) => {
      const back = Buffer.from(await answer.arrayBuffer());
      const whole = answer.headers.get('got') === digest(body) && answer.headers.get('sent') === digest(back) && back.length === body.length;
      console.log(whole ? 'both as sent' : 'changed on the way');
    });`;
  return run(from, code);
}

/** Sends a datagram until one comes back. What that says. */
export function echo(from: Pod, ip: string): Promise<string> {
  const code = `const udp = require('node:dgram').createSocket('udp4');
    const again = setInterval(() => udp.send('ping', 8080, '${ip}'), 200);
    const enough = setTimeout(() => { console.log('silence'); process.exit(); }, 10000);
    udp.on('message', (data) => { console.log(String(data)); process.exit(); });`;
  return run(from, code);
}
