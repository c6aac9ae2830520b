/**
 * One figure. `sample` does the thing once and returns the figure in `unit`; the runner repeats it and keeps every sample.
 * What it is compared with is sampled in the same run, so that the machine's mood is the same for both.
 */
export interface Measure {
  /** `start.cluster`: area, then what. */
  readonly name: string;
  readonly unit: string;
  /** What the figure should be, in `unit`, or how many times that of another one in `against`. */
  readonly aim: number | { readonly ratio: number; readonly of: string };
  readonly better: 'higher' | 'lower';
  readonly samples: number;
  readonly warmup?: number;
  /** Called once before the first sample; what it returns is called after the last one. */
  readonly prepare?: () => Promise<() => Promise<void>>;
  readonly sample: () => Promise<number>;
  readonly against?: readonly { readonly name: string; readonly sample: () => Promise<number> }[];
  /** Further figures that the samples brought along (`p99-ms`), asked for after the last one. */
  readonly details?: () => Readonly<Record<string, number>>;
}

/** A line of the file that `--out` writes. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly samples: readonly number[];
  readonly details?: Readonly<Record<string, number>>;
  /** `ratio` is ours divided by theirs. */
  readonly against: readonly {
    readonly name: string;
    readonly median: number;
    readonly ratio: number;
    readonly samples: readonly number[];
  }[];
}
