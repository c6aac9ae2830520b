import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { inspect } from 'node:util';
import type { EngineAddress } from './engine-address.ts';
import { SshAgent } from './ssh-agent.ts';

/**
 * Keeps the connections to an engine. It says nothing of itself: the modem writes every request out for its log, to any depth and
 * whether or not anybody reads that log, and with an agent go its sockets and whatever hangs on them. With 20 pods on their way that
 * took some 20 ms a call: three quarters of what this process did.
 */
export function engineAgent(address: EngineAddress): Agent {
  return Object.assign(agentFor(address), { [inspect.custom]: () => 'Agent' });
}

function agentFor(address: EngineAddress): Agent {
  if (address.type === 'ssh') return new SshAgent(address.destination, address.port, address.socket);
  if (address.type === 'socket' || address.tls === undefined) return new Agent({ keepAlive: true });
  const { ca, cert, key, verify } = address.tls;
  return new SecureAgent({
    keepAlive: true,
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}
