import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latencyBucketsMs, TrafficRecorder } from '../../src/proxy/traffic-recorder.ts';

describe('TrafficRecorder', () => {
  it('counts latencies up to each bound, and all of them in the last', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000)), (latencies) => {
        const recorder = new TrafficRecorder();
        for (const latency of latencies) recorder.observe(latency);
        const { latencyBuckets, latencyMsSum } = recorder.counters();
        const expected = [...latencyBucketsMs, Infinity].map((bound) => latencies.filter((latency) => latency <= bound).length);
        expect(latencyBuckets).toEqual(expected);
        expect(latencyMsSum).toBe(latencies.reduce((sum, latency) => sum + latency, 0));
      }),
    );
  });
});
