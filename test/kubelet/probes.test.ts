import { describe, expect, test } from 'vitest';
import type { Container } from '../../src/api/generated/models.ts';
import type { ProbeHandler } from '../../src/runtimes/runtime.ts';
import { OneNode } from './one-node.ts';

const exec = { exec: { command: ['check'] } };
const web = (probes: Partial<Container>): readonly Container[] => [{ name: 'web', image: 'web:1', ...probes }];

describe('kubelet: probes', () => {
  test('readiness gates the pod and follows the answers by their thresholds', async () => {
    let healthy = false;
    const probe = () => ({ outcome: healthy ? 'success' : 'failure', message: 'HTTP probe failed with statuscode: 503' }) as const;
    await using node = await OneNode.simulated({ images: { 'web:1': { probe } } });
    await node.pod('a', { containers: web({ readinessProbe: { ...exec, periodSeconds: 5, failureThreshold: 2, successThreshold: 2 } }) });
    await node.advance(12_000);
    expect(node.container('a')).toMatchObject({ ready: false, started: true });
    expect(node.status('a').conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [web]',
    });
    expect(node.events.find(({ reason }) => reason === 'Unhealthy')).toMatchObject({
      message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
      type: 'Warning',
    });
    healthy = true;
    await node.advance(5000);
    expect(node.container('a').ready).toBe(false);
    await node.advance(5000);
    expect(node.container('a').ready).toBe(true);
    healthy = false;
    await node.advance(5000);
    expect(node.container('a').ready).toBe(true);
    await node.advance(5000);
    expect(node.container('a').ready).toBe(false);
    expect(node.container('a').restartCount).toBe(0);
  });

  test('liveness restarts after its failures in a row, with the grace of the probe', async () => {
    let healthy = true;
    const probe = (_: ProbeHandler, { attempt }: { readonly attempt: number }) =>
      ({ outcome: healthy || attempt > 0 ? 'success' : 'failure', message: 'no' }) as const;
    await using node = await OneNode.simulated({ images: { 'web:1': { probe, stopMs: 'never' } } });
    await node.pod('a', {
      containers: web({ livenessProbe: { ...exec, periodSeconds: 10, failureThreshold: 3, terminationGracePeriodSeconds: 4 } }),
    });
    await node.advance(15_000);
    healthy = false;
    await node.advance(35_000);
    expect(node.events.find(({ reason }) => reason === 'Killing')?.message).toBe('Container web failed liveness probe, will be restarted');
    await node.until(() => node.container('a').restartCount === 1, 10_000);
    expect(node.container('a').lastState?.terminated?.exitCode).toBe(137);
    await node.advance(60_000);
    expect(node.container('a')).toMatchObject({ restartCount: 1, ready: true });
  });

  test('startup holds the others back, and restarts if it never succeeds', async () => {
    const asked: string[] = [];
    const probe = (handler: ProbeHandler) => {
      asked.push(handler.exec!.command![0]!);
      return undefined;
    };
    await using node = await OneNode.simulated({ images: { 'web:1': { probe, readyAfterMs: 7000 } } });
    const make = (command: string) => ({ exec: { command: [command] }, periodSeconds: 2 });
    await node.pod('a', {
      containers: web({
        startupProbe: { ...make('startup'), failureThreshold: 10 },
        readinessProbe: make('readiness'),
        livenessProbe: make('liveness'),
      }),
    });
    await node.advance(6000);
    expect(new Set(asked)).toEqual(new Set(['startup']));
    expect(node.container('a')).toMatchObject({ started: false, ready: false });
    await node.advance(6000);
    expect(node.container('a')).toMatchObject({ started: true, ready: true });
    const startups = asked.filter((each) => each === 'startup').length;
    await node.advance(20_000);
    expect(asked.filter((each) => each === 'startup').length).toBe(startups);
    expect(asked).toContain('liveness');
  });

  test('a startup that never succeeds restarts the container', async () => {
    await using node = await OneNode.simulated({ images: { 'web:1': { readyAfterMs: 1e9 } } });
    await node.pod('a', { containers: web({ startupProbe: { ...exec, periodSeconds: 2, failureThreshold: 3 } }) });
    await node.advance(8000);
    expect(node.events.find(({ reason }) => reason === 'Killing')?.message).toBe('Container web failed startup probe, will be restarted');
    await node.until(() => node.container('a').restartCount === 1);
  });

  test('the first probe comes after initialDelaySeconds, the next ones every period', async () => {
    const at: number[] = [];
    const node = await OneNode.simulated({
      images: { 'web:1': { startMs: 0, probe: (_, { nowMs, startedAtMs }) => void at.push(nowMs - startedAtMs) } },
    });
    await using _ = node;
    await node.pod('a', { containers: web({ livenessProbe: { ...exec, initialDelaySeconds: 7, periodSeconds: 3 } }) });
    await node.advance(17_000);
    expect(at).toEqual([7000, 10_000, 13_000, 16_000]);
  });

  test('named ports are looked up in the container; one that is not there is an error in an Event', async () => {
    const ports: unknown[] = [];
    await using node = await OneNode.simulated({ images: { 'web:1': { probe: ({ httpGet }) => void ports.push(httpGet?.port) } } });
    await node.pod('a', {
      containers: web({
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { port: 'http' } },
        livenessProbe: { tcpSocket: { port: 'nope' } },
      }),
    });
    await node.advance(3000);
    expect(ports).toEqual([8080]);
    expect(node.events.find(({ reason }) => reason === 'Unhealthy')?.message).toContain('couldn\'t find port: "nope"');
    expect(node.container('a').restartCount).toBe(0);
  });

  test('a probe that is not answered in time counts as failed and blocks nobody', async () => {
    await using node = await OneNode.simulated({ faults: [{ at: 'probe', pod: 'a', effect: { type: 'hang' } }] });
    await node.pod('a', { containers: web({ readinessProbe: { ...exec, periodSeconds: 5, timeoutSeconds: 2 } }) });
    await node.pod('b');
    await node.advance(20_000);
    expect(node.container('a').ready).toBe(false);
    expect(node.events.find(({ reason }) => reason === 'Unhealthy')?.message).toContain('command timed out');
    expect(node.container('b').ready).toBe(true);
  });

  test('steady answers write nothing', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a', {
      containers: web({ livenessProbe: { ...exec, periodSeconds: 1 }, readinessProbe: { ...exec, periodSeconds: 1 } }),
    });
    await node.advance(3000);
    const before = node.writesOf('a');
    await node.advance(10 * 60_000);
    expect(node.writesOf('a')).toBe(before);
  });
});
