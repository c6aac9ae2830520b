// A web server as anybody would write one. It is told where to listen by HOST and PORT, and finishes what is in flight on SIGTERM.
import { createServer } from 'node:http';

const { HOST = '127.0.0.1', PORT = '8080', HOSTNAME = 'web', VERSION = '1' } = process.env;

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ pod: HOSTNAME, version: VERSION, pid: process.pid }));
});
server.listen(Number(PORT), HOST, () => console.log(`version ${VERSION} listens on ${HOST}:${PORT}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
