/** The runtimes of this package, by the name they go by in a node's `status.nodeInfo.containerRuntimeVersion`. */
export type BuiltInRuntime = 'simulated' | 'in-process' | 'process';

/** A field that is accepted and not honoured. What is not listed here, nor refused by validation, is honoured. */
export interface UnsupportedField {
  /** Model and field: `PodSpec.hostUsers`. */
  readonly field: string;
  readonly runtimes: readonly BuiltInRuntime[] | 'all';
  readonly why: string;
  /** Which values are not honoured; every value unless given. */
  readonly when?: (value: unknown) => boolean;
}

/** Nothing runs in the simulated runtime that could notice; what only a running program would notice is not listed for it. */
const real: readonly BuiltInRuntime[] = ['in-process', 'process'];

/** Every field of a pod that is accepted and not honoured: `docs/support.md` is made from this list. */
export const unsupportedFields: readonly UnsupportedField[] = [
  { field: 'PodSpec.hostUsers', runtimes: real, why: 'there are no user namespaces', when: (value) => value === false },
];
