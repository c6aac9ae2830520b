import { styleText } from 'node:util';

const marks = ' ▁▂▃▄▅▆▇█';

/** A picture on the terminal that is drawn over itself; where there is no terminal, only what is said. */
export class Screen {
  readonly #out = process.stdout;
  #drawn = 0;

  /** Draws the lines in place of the last ones. */
  draw(lines: readonly string[]): void {
    if (!this.#out.isTTY) return;
    this.#clear();
    this.#out.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  /** A line that stays. */
  say(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  bar(value: number, most: number, width = 40): string {
    const filled = Math.max(0, Math.min(width, Math.round((value / Math.max(1, most)) * width)));
    return styleText('green', '█'.repeat(filled)) + styleText('dim', '·'.repeat(width - filled));
  }

  /** The last values as a line of small columns. */
  line(values: readonly number[], most: number): string {
    return values.map((value) => marks[Math.min(8, Math.round((value / Math.max(1, most)) * 8))]).join('');
  }

  #clear(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}
