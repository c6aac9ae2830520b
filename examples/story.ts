import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const frames = ['-', '\\', '|', '/'];
const frameMs = 120;

/** What a demo says on the terminal: acts, lines, a bar chart, and progress while something is awaited. */
export class Story {
  readonly #out = process.stdout;
  #act = 0;

  title(text: string): void {
    this.#line(`\n${this.#style('bold', text)}`);
  }

  act(text: string): void {
    this.#line(`\n${this.#style(['bold', 'cyan'], `${++this.#act}. ${text}`)}`);
  }

  say(text: string): void {
    this.#line(`   ${text}`);
  }

  /** One line each: `web-1  ################ 34`. */
  bars(counts: ReadonlyMap<string, number>): void {
    const most = Math.max(1, ...counts.values());
    const width = Math.max(0, ...[...counts.keys()].map((name) => name.length));
    for (const [name, count] of [...counts].toSorted(([a], [b]) => a.localeCompare(b))) {
      this.say(`${name.padEnd(width)}  ${this.#style('green', '#'.repeat(Math.round((30 * count) / most)))} ${count}`);
    }
  }

  /** Shows that something is going on until it has ended, then how long it took. */
  async during<T>(text: string, work: Promise<T>): Promise<T> {
    const started = performance.now();
    const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    let frame = 0;
    const spin = this.#out.isTTY
      ? setInterval(() => this.#out.write(`\r   ${frames[frame++ % frames.length]} ${text} ${this.#style('dim', seconds())} `), frameMs)
      : undefined;
    try {
      const result = await work;
      this.#end(spin, `${this.#style('green', 'ok')} ${text} ${this.#style('dim', seconds())}`);
      return result;
    } catch (error) {
      this.#end(spin, `${this.#style('red', 'failed')} ${text} ${this.#style('dim', seconds())}`);
      throw error;
    } finally {
      clearInterval(spin);
    }
  }

  #end(spin: NodeJS.Timeout | undefined, text: string): void {
    this.#line(`${spin === undefined ? '' : '\r\u001b[K'}   ${text}`);
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  #style(style: Style, text: string): string {
    return this.#out.isTTY ? styleText(style, text) : text;
  }
}
