/** A record of an answer, in words of its own: no message format. Names have no dot at the end. */
export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'; readonly name: string; readonly value: string }
  | { readonly type: 'TXT'; readonly name: string; readonly value: string }
  | { readonly type: 'SRV'; readonly name: string; readonly port: number; readonly weight: number; readonly target: string }
  | { readonly type: 'SOA'; readonly name: string; readonly serial: number };

/** What the cluster says to a question. */
export interface ZoneAnswer {
  /** False: there is no such name. True without records: there is, but nothing of that type. */
  readonly exists: boolean;
  readonly records: readonly ZoneRecord[];
  /** Addresses of the targets, which the client would ask for next. */
  readonly additional: readonly ZoneRecord[];
  /** An alias leads to this name, which is none of ours. */
  readonly elsewhere: string | undefined;
}

/** What is asked for. `ANY` is answered with addresses. */
export interface ZoneQuestion {
  /** As it was asked: letters of both cases. */
  readonly name: string;
  readonly type: string;
}
