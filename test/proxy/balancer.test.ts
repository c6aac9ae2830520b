import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { LeastConnectionsBalancer } from '../../src/proxy/least-connections-balancer.ts';
import { RandomOfTwoBalancer } from '../../src/proxy/random-of-two-balancer.ts';
import { RoundRobinBalancer } from '../../src/proxy/round-robin-balancer.ts';

const loads = fc.array(fc.record({ inFlight: fc.nat(20) }), { minLength: 1, maxLength: 8 });

describe('RoundRobinBalancer', () => {
  it('gives everybody the same share, whatever the list was before', () => {
    fc.assert(
      fc.property(loads, loads, fc.nat(20), (earlier, backends, turns) => {
        const balancer = new RoundRobinBalancer();
        for (let i = 0; i < turns; i++) balancer.pick(earlier);
        const picked = Array.from({ length: backends.length * 3 }, () => balancer.pick(backends));
        for (let index = 0; index < backends.length; index++) expect(picked.filter((each) => each === index)).toHaveLength(3);
      }),
    );
  });
});

describe('LeastConnectionsBalancer', () => {
  it('picks one with the least in flight', () => {
    fc.assert(
      fc.property(loads, fc.nat(5), (backends, turns) => {
        const balancer = new LeastConnectionsBalancer();
        for (let i = 0; i < turns; i++) balancer.pick(backends);
        const least = Math.min(...backends.map(({ inFlight }) => inFlight));
        expect(backends[balancer.pick(backends)]?.inFlight).toBe(least);
      }),
    );
  });

  it('lets equals take turns', () => {
    const balancer = new LeastConnectionsBalancer();
    const idle = [{ inFlight: 0 }, { inFlight: 0 }, { inFlight: 0 }];
    expect(new Set([1, 2, 3].map(() => balancer.pick(idle))).size).toBe(3);
  });
});

describe('RandomOfTwoBalancer', () => {
  it('never picks the one with the most in flight, and the same seed picks the same', () => {
    const pick = (seed: number): readonly number[] => {
      const balancer = new RandomOfTwoBalancer(new SeededRandom(seed));
      return Array.from({ length: 200 }, () => balancer.pick([{ inFlight: 1 }, { inFlight: 9 }, { inFlight: 2 }, { inFlight: 3 }]));
    };
    const picked = pick(3);
    expect(picked).not.toContain(1);
    expect(new Set(picked)).toEqual(new Set([0, 2, 3]));
    expect(pick(3)).toEqual(picked);
    expect(pick(4)).not.toEqual(picked);
  });

  it('has a choice of one', () => {
    expect(new RandomOfTwoBalancer(new SeededRandom(1)).pick([{ inFlight: 5 }])).toBe(0);
  });
});
