/** One curve over the day. */
export interface Curve {
  readonly name: string;
  readonly values: readonly number[];
  /** Drawn as steps: whole numbers that jump. */
  readonly steps?: boolean;
}

/** Something that happened at an hour of the day, drawn through all panels. */
export interface Mark {
  readonly hour: number;
  readonly text: string;
}

const width = 960;
const height = 170;
const left = 60;
const top = 64;
const colours = ['#2563eb', '#16a34a', '#dc2626'];
const lines = 4;

/** An SVG with one panel for each curve, over the hours of a day. */
export function plot(title: string, curves: readonly Curve[], marks: readonly Mark[] = []): string {
  const whole = top + curves.length * height + 30;
  const panels = curves.map((curve, i) => panel(curve, top + i * height, colours[i % colours.length]!));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width + left + 30}" height="${whole}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="${left}" y="24" font-size="16">${title}</text>`,
    ...marks.map((mark) => markLine(mark, whole)),
    ...panels,
    ...[0, 4, 8, 12, 16, 20, 24].map(
      (hour) => `<text x="${across(hour)}" y="${whole - 10}" text-anchor="middle" fill="#555">${hour}:00</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

const across = (hour: number): string => (left + (hour / 24) * width).toFixed(1);

function markLine({ hour, text }: Mark, whole: number): string {
  const x = across(hour);
  const line = `<line x1="${x}" x2="${x}" y1="${top - 12}" y2="${whole - 30}" stroke="#9333ea" stroke-dasharray="4 4"/>`;
  return `${line}<text x="${x}" y="${top - 18}" text-anchor="middle" fill="#9333ea">${text}</text>`;
}

/** A round number that divides the height into no more than four parts. */
function stepOf(most: number): number {
  const rough = most / lines;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((each) => each * power).find((step) => step >= rough)!;
}

function panel({ name, values, steps }: Curve, y: number, colour: string): string {
  const inner = height - 40;
  const step = stepOf(Math.max(1, ...values));
  const most = Math.ceil(Math.max(1, ...values) / step) * step;
  const x = (i: number): string => (left + (i / Math.max(1, values.length - 1)) * width).toFixed(1);
  const level = (value: number): string => (y + 16 + inner - 16 - (value / most) * (inner - 16)).toFixed(1);
  const path = values.map((value, i) =>
    i === 0 ? `M${x(i)} ${level(value)}` : `${steps === true ? `H${x(i)}V` : `L${x(i)} `}${level(value)}`,
  );
  const grid = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step).map(
    (value) =>
      `<line x1="${left}" x2="${left + width}" y1="${level(value)}" y2="${level(value)}" stroke="${value === 0 ? '#999' : '#e5e5e5'}"/>` +
      `<text x="${left - 8}" y="${Number(level(value)) + 4}" text-anchor="end" fill="#555">${value}</text>`,
  );
  return [
    ...grid,
    `<text x="${left}" y="${y + 8}" fill="${colour}">${name}, at most ${Math.max(...values).toFixed(0)}</text>`,
    `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
  ].join('\n');
}
