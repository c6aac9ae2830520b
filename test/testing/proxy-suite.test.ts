import { describe, expect, it } from 'vitest';
import { proxySuite } from '../../src/testing/proxy-suite.ts';
import { brokenProxies, fixtureOf } from './broken-proxies.ts';

const runOf = (name: string): (typeof proxySuite)[number]['run'] => {
  const found = proxySuite.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the suite has no case "${name}"`);
  return found.run;
};

describe.each(brokenProxies)('the proxy suite on a proxy that $bug', (broken) => {
  it.each(broken.foundBy)('fails: %s', async (name) => {
    await expect(runOf(name)(() => fixtureOf(broken))).rejects.toBeInstanceOf(Error);
  });
});

it('every case of the proxy suite fails on one of them', () => {
  const found = new Set(brokenProxies.flatMap(({ foundBy }) => foundBy));
  expect(proxySuite.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
});
