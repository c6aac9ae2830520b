import { describe, expect, it } from 'vitest';
import { ClientAffinity } from '../../src/proxy/client-affinity.ts';

describe('ClientAffinity', () => {
  it('keeps a session until it was unused for the time given', () => {
    const affinity = new ClientAffinity(10_800_000);
    affinity.use('10.0.0.1', 'a', 0);
    expect(affinity.find('10.0.0.1', 10_799_999)).toBe('a');
    affinity.use('10.0.0.1', 'a', 10_799_999);
    expect(affinity.find('10.0.0.1', 21_599_998)).toBe('a');
    expect(affinity.find('10.0.0.1', 21_599_999)).toBeUndefined();
    expect(affinity.find('10.0.0.2', 0)).toBeUndefined();
  });

  it('forgets sessions that are over without being asked for them', () => {
    const affinity = new ClientAffinity(1_000);
    for (let i = 0; i < 50; i++) affinity.use(`10.0.0.${i}`, 'a', i);
    affinity.use('10.0.0.0', 'a', 900);
    affinity.use('10.0.1.1', 'a', 1_020);
    // Gone: those last used before 21, but for the one that was used again.
    expect(affinity.size).toBe(31);
  });

  it('keeps a bounded number', () => {
    const affinity = new ClientAffinity(1e12);
    for (let i = 0; i <= ClientAffinity.maxSessions; i++) affinity.use(String(i), 'a', i);
    expect(affinity.size).toBe(ClientAffinity.maxSessions);
    expect(affinity.find('0', 0)).toBeUndefined();
    expect(affinity.find('1', 0)).toBe('a');
  });
});
