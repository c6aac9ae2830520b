import { expect, test } from 'vitest';
import { Cluster } from '../../src/index.ts';

test('health is told in a word, check by check, and by the name of a check', async () => {
  await using cluster = await Cluster.create({ controllers: 'none', scheduler: 'none' });
  const { url } = await cluster.serve({ tls: false });
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`${url}${path}`);
    return [answer.status, await answer.text()];
  };
  expect(await ask('/readyz')).toEqual([200, 'ok']);
  expect(await ask('/livez?verbose')).toEqual([200, '[+]ping ok\n[+]log ok\n[+]etcd ok\nlivez check passed\n']);
  expect(await ask('/healthz/etcd')).toEqual([200, 'ok']);
  expect(await ask('/readyz?verbose&exclude=etcd')).toEqual([200, '[+]ping ok\n[+]log ok\nreadyz check passed\n']);
  expect((await ask('/healthz/nothing'))[0]).toBe(404);
});
