/** One operation of a client, placed in time by a counter that all clients share. */
export interface Operation<I, O> {
  readonly input: I;
  /** What the client was told; undefined if it never learned the outcome. Such an operation may take effect at any time after `call`, or never. */
  readonly output: O | undefined;
  readonly call: number;
  /** When the client was told; ignored if `output` is undefined. */
  readonly end: number;
}

/** A sequential object. */
export interface Model<S, I, O> {
  readonly initial: S;
  /** The state after the operation, or undefined if the output cannot be in this state. `output` is undefined if the outcome is unknown. */
  step(state: S, input: I, output: O | undefined): S | undefined;
  /** Equal for states that behave alike. */
  fingerprint(state: S): string;
}

interface Node<I, O> {
  readonly operation: Operation<I, O>;
  /** Position among the operations, in the order of their calls. */
  readonly bit: bigint;
  readonly isCall: boolean;
  /** The end that belongs to a call; undefined if it never ended. */
  readonly match: Node<I, O> | undefined;
  previous: Node<I, O> | undefined;
  next: Node<I, O> | undefined;
}

/**
 * Searches for an order of the operations that the sequential model allows and that keeps the order of those that did not
 * overlap in time (Wing and Gong's search, with Lowe's memory of what has been tried).
 *
 * @returns True if there is one: the history is linearizable.
 */
export function isLinearizable<S, I, O>(model: Model<S, I, O>, operations: readonly Operation<I, O>[]): boolean {
  const head = timeline(operations);
  let open = operations.filter((operation) => operation.output !== undefined).length;
  const tried = new Set<string>();
  const stack: { readonly node: Node<I, O>; readonly state: S }[] = [];
  let state = model.initial;
  let done = 0n;
  let node = head.next;
  while (open > 0) {
    if (node?.isCall) {
      const next = model.step(state, node.operation.input, node.operation.output);
      const key = next === undefined ? '' : `${(done | node.bit).toString(36)}/${model.fingerprint(next)}`;
      if (next === undefined || tried.has(key)) {
        node = node.next;
        continue;
      }
      tried.add(key);
      stack.push({ node, state });
      state = next;
      done |= node.bit;
      if (node.match !== undefined) open--;
      lift(node);
      node = head.next;
      continue;
    }
    // Something ended before any of those that are left could take effect: take back the last choice.
    const last = stack.pop();
    if (last === undefined) return false;
    state = last.state;
    done &= ~last.node.bit;
    if (last.node.match !== undefined) open++;
    unlift(last.node);
    node = last.node.next;
  }
  return true;
}

/** Calls and ends in the order of time, behind a head that is neither. */
function timeline<I, O>(operations: readonly Operation<I, O>[]): Node<I, O> {
  const events: { readonly at: number; readonly node: Node<I, O> }[] = [];
  const sorted = [...operations].sort((a, b) => a.call - b.call);
  for (const [index, operation] of sorted.entries()) {
    const shared = { operation, bit: 1n << BigInt(index), previous: undefined, next: undefined };
    const end: Node<I, O> | undefined = operation.output === undefined ? undefined : { ...shared, isCall: false, match: undefined };
    events.push({ at: operation.call, node: { ...shared, isCall: true, match: end } });
    if (end !== undefined) events.push({ at: operation.end, node: end });
  }
  events.sort((a, b) => a.at - b.at);
  const head: Node<I, O> = {
    operation: { input: undefined as I, output: undefined, call: 0, end: 0 },
    bit: 0n,
    isCall: false,
    match: undefined,
    previous: undefined,
    next: undefined,
  };
  let last = head;
  for (const { node } of events) {
    last.next = node;
    node.previous = last;
    last = node;
  }
  return head;
}

/** Takes a call and its end out of the timeline. */
function lift<I, O>(call: Node<I, O>): void {
  for (const node of [call, call.match]) {
    if (node === undefined) continue;
    node.previous!.next = node.next;
    if (node.next !== undefined) node.next.previous = node.previous;
  }
}

/** Puts them back; only in the reverse order of `lift`. */
function unlift<I, O>(call: Node<I, O>): void {
  for (const node of [call.match, call]) {
    if (node === undefined) continue;
    node.previous!.next = node;
    if (node.next !== undefined) node.next.previous = node;
  }
}
