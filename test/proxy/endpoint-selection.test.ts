import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointConditions, EndpointSliceManifest } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';
import { selectEndpoints, type SelectionQuery } from '../../src/proxy/endpoint-selection.ts';

const query: SelectionQuery = { portName: '', protocol: 'TCP', family: 'IPv4', excluded: new Set() };

const endpoint = (ip: string, conditions: EndpointConditions = {}, uid: string | undefined = ip): Endpoint => ({
  addresses: [ip],
  conditions,
  ...(uid !== '' && { targetRef: { kind: 'Pod', uid } }),
});

function slice(
  endpoints: readonly Endpoint[],
  more: Partial<Pick<EndpointSliceManifest, 'addressType' | 'ports'>> = {},
): Stored<EndpointSliceManifest> {
  const metadata = { name: 's', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints,
    ...more,
  };
}

const chosen = (slices: readonly Stored<EndpointSliceManifest>[], overrides: Partial<SelectionQuery> = {}): readonly string[] =>
  selectEndpoints(slices, { ...query, ...overrides }).chosen.map(({ ip, port }) => `${ip}:${port}`);

const ready = { ready: true, serving: true, terminating: false };
const notReady = { ready: false, serving: false, terminating: false };
const leaving = { ready: false, serving: true, terminating: true };
const stopped = { ready: false, serving: false, terminating: true };

describe('selectEndpoints', () => {
  it('takes what is ready, an unknown condition included', () => {
    const endpoints = [endpoint('a', ready), endpoint('b', notReady), endpoint('c', leaving), endpoint('d')];
    expect(chosen([slice(endpoints)])).toEqual(['a:8080', 'd:8080']);
  });

  it('takes what is terminating and serves if nothing is ready', () => {
    const selection = selectEndpoints([slice([endpoint('a', notReady), endpoint('b', leaving), endpoint('c', stopped)])], query);
    expect([selection.chosen.map(({ ip }) => ip), selection.fallback]).toEqual([['b'], true]);
    expect(selection.known.map(({ ip }) => ip)).toEqual(['a', 'b', 'c']);
  });

  it('takes terminating ones that are published as ready (publishNotReadyAddresses)', () => {
    expect(chosen([slice([endpoint('a', { ready: true, serving: false, terminating: true })])])).toEqual(['a:8080']);
  });

  it('looks for the port by name and protocol', () => {
    const ports = [
      { name: 'web', port: 8080, protocol: 'TCP' },
      { name: 'web', port: 9090, protocol: 'UDP' },
    ];
    const slices = [slice([endpoint('a')], { ports }), slice([endpoint('b')], { ports: [{ name: 'web', port: 8081 }] })];
    expect(chosen(slices, { portName: 'web' })).toEqual(['a:8080', 'b:8081']);
    expect(chosen(slices, { portName: 'web', protocol: 'UDP' })).toEqual(['a:9090']);
    expect(chosen(slices)).toEqual([]);
  });

  it('counts an address that two slices name once, and as ready if one says so', () => {
    expect(chosen([slice([endpoint('a', leaving)]), slice([endpoint('a', ready)])])).toEqual(['a:8080']);
    expect(chosen([slice([endpoint('a', ready)]), slice([endpoint('a', leaving)])])).toEqual(['a:8080']);
  });

  it('uses slices of the family of the Service, the other only if there is none, and never names', () => {
    const four = slice([endpoint('1.2.3.4')]);
    const six = slice([endpoint('fd00::1')], { addressType: 'IPv6' });
    const name = slice([endpoint('example.org')], { addressType: 'FQDN' });
    expect(chosen([four, six, name])).toEqual(['1.2.3.4:8080']);
    expect(chosen([four, six, name], { family: 'IPv6' })).toEqual(['fd00::1:8080']);
    expect(chosen([six, name])).toEqual(['fd00::1:8080']);
    expect(chosen([name])).toEqual([]);
  });

  it('leaves out pods that were reported as drained, and knows them still', () => {
    const selection = selectEndpoints([slice([endpoint('a', leaving), endpoint('b', leaving)])], { ...query, excluded: new Set(['a']) });
    expect(selection.chosen.map(({ ip }) => ip)).toEqual(['b']);
    expect(selection.known).toHaveLength(2);
  });

  it('has no pod where a slice names none', () => {
    expect(selectEndpoints([slice([endpoint('a', ready, '')])], query).known[0]).toMatchObject({ podUid: undefined, key: '|a|8080' });
  });
});
