/** What the chart shows of one size of cluster. */
export interface GrowthPoint {
  readonly nodes: number;
  readonly pods: number;
  readonly fillCpuS: number;
  readonly rssMb: number;
  readonly idleCpu: number;
}

interface Series {
  readonly title: string;
  readonly unit: string;
  readonly of: (point: GrowthPoint) => number;
}

const series: readonly Series[] = [
  { title: 'CPU to fill, for each pod', unit: 'µs', of: ({ fillCpuS, pods }) => (1e6 * fillCpuS) / pods },
  { title: 'resident memory, for each pod', unit: 'kB', of: ({ rssMb, pods }) => (1e3 * rssMb) / pods },
  { title: 'CPU at rest, for 1,000 nodes', unit: '% of a core', of: ({ idleCpu, nodes }) => (1e3 * idleCpu) / nodes },
];

const width = 760;
const panel = { width: 220, height: 180, left: 30, top: 50, gap: 30 };

/** One panel a figure, each divided by the size of the cluster: a level line is linear growth, a rising one is a defect. */
export function growthChart(points: readonly GrowthPoint[]): string {
  // What could not be measured at every size is left out.
  const drawn = series.filter(({ of }) => points.every((point) => Number.isFinite(of(point))));
  const panels = drawn.map((one, i) => drawPanel(one, points, panel.left + i * (panel.width + panel.gap)));
  const height = panel.top + panel.height + 50;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${panel.left}" y="20" font-size="13" font-weight="bold">Cost as the cluster grows (30 pods a node); level is linear</text>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel({ title, unit, of }: Series, points: readonly GrowthPoint[], left: number): string {
  const most = Math.max(...points.map(of), Number.MIN_VALUE);
  const last = Math.max(...points.map(({ nodes }) => nodes), 1);
  const x = (point: GrowthPoint): number => left + (panel.width * point.nodes) / last;
  const y = (point: GrowthPoint): number => panel.top + panel.height * (1 - (0.9 * of(point)) / most);
  const bottom = panel.top + panel.height;
  const line = points.map((point) => `${x(point).toFixed(1)},${y(point).toFixed(1)}`).join(' ');
  const dots = points.map((point) => {
    const [cx, cy] = [x(point).toFixed(1), y(point).toFixed(1)];
    const label = of(point) >= 100 ? of(point).toFixed(0) : of(point).toPrecision(2);
    return [
      `<circle cx="${cx}" cy="${cy}" r="3" fill="#326ce5"/>`,
      `<text x="${cx}" y="${(Number(cy) - 7).toFixed(1)}" text-anchor="middle">${label}</text>`,
    ].join('');
  });
  const ticks = points
    .filter(({ nodes }) => nodes === last || nodes === 2_000 || nodes === 5_000)
    .map((point) => `<text x="${x(point).toFixed(1)}" y="${bottom + 15}" text-anchor="middle">${point.nodes.toLocaleString('en')}</text>`);
  return [
    `<text x="${left}" y="${panel.top - 8}">${title} (${unit})</text>`,
    `<path d="M${left} ${panel.top}V${bottom}H${left + panel.width}" fill="none" stroke="#999"/>`,
    `<polyline points="${line}" fill="none" stroke="#326ce5" stroke-width="2"/>`,
    ...dots,
    ...ticks,
    `<text x="${left + panel.width / 2}" y="${bottom + 32}" text-anchor="middle">nodes</text>`,
  ].join('\n');
}
