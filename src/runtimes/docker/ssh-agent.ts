import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';

/**
 * Connections to an engine on another machine through the user's own `ssh`, with its configuration, keys and known hosts: each runs
 * `docker system dial-stdio` there, as the docker command line does.
 */
export class SshAgent extends Agent {
  readonly #args: readonly string[];

  constructor(destination: string, port: number | undefined, socket: string | undefined) {
    super({ keepAlive: true });
    this.#args = sshArguments(destination, port, socket);
  }

  // The name is Node's.
  override createConnection(): Duplex {
    const child = spawn('ssh', this.#args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-500)));
    const connection = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.once('error', (error) => connection.destroy(error));
    child.once('exit', (code) => {
      if (code !== 0) connection.destroy(new Error(`ssh ended with ${code}: ${said.trim()}`));
    });
    connection.once('close', () => child.kill());
    // What an HTTP client expects of a socket.
    return Object.assign(connection, {
      setKeepAlive: () => connection,
      setNoDelay: () => connection,
      setTimeout: () => connection,
      ref: () => connection,
      unref: () => connection,
    });
  }
}

/** What `ssh` is told, to reach the engine there. */
export function sshArguments(destination: string, port: number | undefined, socket: string | undefined): readonly string[] {
  return [
    ...['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30'],
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['--', destination, 'docker'],
    ...(socket === undefined ? [] : ['--host', `unix://${socket}`]),
    ...['system', 'dial-stdio'],
  ];
}
