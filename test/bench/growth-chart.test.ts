import { expect, test } from 'vitest';
import { growthChart } from '../../bench/scale/growth-chart.ts';

const point = (nodes: number, usPerPod: number) => ({
  nodes,
  pods: 30 * nodes,
  fillCpuS: (usPerPod * 30 * nodes) / 1e6,
  rssMb: (30 * nodes * 4) / 1000,
  idleCpu: nodes / 1000,
});

const heights = (svg: string): number[] => [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map(([, y]) => Number(y)).slice(0, 3);

test('linear growth is a level line, quadratic growth a rising one', () => {
  const level = heights(growthChart([point(500, 100), point(1_000, 100), point(5_000, 100)]));
  expect(new Set(level).size).toBe(1);
  const rising = heights(growthChart([point(500, 100), point(1_000, 200), point(5_000, 1_000)]));
  expect(rising[0]).toBeGreaterThan(rising[1]!);
  expect(rising[1]).toBeGreaterThan(rising[2]!);
});

test('the chart is one SVG with a dot and a number for each size and figure', () => {
  const svg = growthChart([point(500, 100), point(5_000, 120)]);
  expect(svg.startsWith('<svg')).toBe(true);
  expect(svg.trim().endsWith('</svg>')).toBe(true);
  expect([...svg.matchAll(/<circle/g)]).toHaveLength(6);
  expect(svg).toContain('>120<');
  expect(svg).not.toContain('NaN');
});
