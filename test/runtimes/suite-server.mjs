// The server of the runtime suite as a program: node suite-server.mjs [stubborn]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [mode, ...args] = process.argv.slice(2);
process.on('SIGTERM', () => {
  if (mode !== 'stubborn') process.exit(0);
});
console.log('started');
console.error('warming');
createServer((request, response) => {
  const [path, query = ''] = request.url.split('?');
  const file = join(process.env.COXSWAIN_ROOT ?? '/', query);
  if (path === '/healthy') response.end('fine');
  else if (path === '/broken') response.writeHead(503).end();
  else if (path === '/env') response.end(process.env[query]);
  else if (path === '/args') response.end(JSON.stringify(args));
  else if (path === '/write') response.end(writeFileSync(file, 'written'));
  else if (path === '/file' && existsSync(file)) response.end(readFileSync(file));
  else if (path === '/file') response.writeHead(404).end();
}).listen(Number(process.env.PORT), process.env.HOST);
