// A web server that answers requests and echoes what it is told over WebSockets. On SIGTERM it finishes what is in flight and sends
// its WebSockets elsewhere (1001: going away).
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const { HOST = '127.0.0.1', PORT = '8080', HOSTNAME = 'echo', VERSION = '1' } = process.env;

const server = createServer((_request, response) => {
  setTimeout(() => response.end(`${VERSION} ${HOSTNAME}`), 2);
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`${VERSION} ${String(text)}`)));
server.listen(Number(PORT), HOST);
process.on('SIGTERM', () => {
  for (const socket of sockets.clients) socket.close(1001, 'going away');
  server.close(() => process.exit(0));
});
