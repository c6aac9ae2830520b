import { describe, expect, it } from 'vitest';
import { ClusterNameServer } from '../../src/dns/cluster-name-server.ts';
import type { NameServer } from '../../src/dns/name-server.ts';
import { nameServerSuite } from '../../src/testing/name-server-suite.ts';
import { brokenNameServers } from './broken-name-servers.ts';

const runOf = (name: string): (typeof nameServerSuite)[number]['run'] => {
  const found = nameServerSuite.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the suite has no case "${name}"`);
  return found.run;
};

describe.each(brokenNameServers)('the name server suite on a server that $bug', ({ make, foundBy }) => {
  it.each(foundBy)('fails: %s', async (name) => {
    await expect(runOf(name)(() => ({ make, patienceMs: 500, dispose: async () => undefined }))).rejects.toBeInstanceOf(Error);
  });
});

const closing = 'close() ends it, and may be repeated';

it(`the name server suite on a server that does not close fails: ${closing}`, async () => {
  const opened: ClusterNameServer[] = [];
  const make = (host: ConstructorParameters<typeof ClusterNameServer>[0]): NameServer => {
    const server = new ClusterNameServer(host);
    opened.push(server);
    return Object.create(server, {
      start: { value: (wake: () => void) => server.start(wake) },
      step: { value: (now: number) => server.step(now) },
      address: { value: () => server.address() },
      close: { value: async () => undefined },
    }) as NameServer;
  };
  const run = runOf(closing)(() => ({
    make,
    patienceMs: 500,
    dispose: async () => {
      for (const server of opened) await server.close();
    },
  }));
  await expect(run).rejects.toBeInstanceOf(Error);
});

it('every case of the name server suite fails on one of them', () => {
  const found = new Set([...brokenNameServers.flatMap(({ foundBy }) => foundBy), closing]);
  expect(nameServerSuite.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
});
