import type { Random } from '../../src/env/random.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { EtcdConnection } from '../../src/stores/etcd-connection.ts';
import { encodeRange, etcdMethods } from '../../src/stores/etcd-messages.ts';
import { ProtobufFields } from '../../src/stores/protobuf-fields.ts';
import type { EtcdServers } from './etcd-server.ts';

const clock = new SystemClock();

/** The id of the member at an endpoint, in hexadecimal. */
export async function memberId(endpoint: string): Promise<string> {
  const times = { requestTimeoutMs: 10_000, keepAliveMs: 5_000, keepAliveTimeoutMs: 2_000 };
  const connection = await EtcdConnection.open({ endpoints: [endpoint], clock, ...times });
  const answer = await connection.call(etcdMethods.range, encodeRange({ key: 'x' }), { repeat: true, what: 'member id' });
  connection.close();
  return BigInt.asUintN(64, new ProtobufFields(answer).message(1)!.bigint(2)).toString(16);
}

/** Kills, stops and cuts off one member after the other while something is done; all are well again when this resolves. */
export async function inWeather<T>(servers: EtcdServers, random: Random, work: () => Promise<T>): Promise<T> {
  const ids = await Promise.all(servers.endpoints.map(memberId));
  let running = true;
  const weather = (async (): Promise<void> => {
    while (running) {
      const index = random.integer(servers.members.length);
      const member = servers.members[index]!;
      await clock.sleep(random.integer(600));
      const kind = (['SIGKILL', 'SIGSTOP', 'cut off'] as const)[random.integer(3)]!;
      if (kind === 'cut off') servers.cutOff(index, ids[index]!);
      else await member.signal(kind);
      await clock.sleep(random.integer(600));
      if (kind === 'cut off') servers.join();
      else if (kind === 'SIGKILL') member.start(servers.cluster);
      else await member.signal('SIGCONT');
    }
  })();
  try {
    return await work();
  } finally {
    running = false;
    await weather;
  }
}
