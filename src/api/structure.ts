/** A value that is not of the type its field has. */
export interface TypeProblem {
  /** Where, as in `spec.containers[0].ports[0].containerPort`. */
  readonly path: string;
  /** Kubernetes' words: `json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32`. */
  readonly message: string;
  /** What Kubernetes says instead where it puts a strategic merge patch into an object: `cannot restore slice from string`. */
  readonly restoring?: string;
}

/** What reading a value against a structure gives. */
export interface StructureReading {
  /**
   * The value as Kubernetes would hand it back: unknown fields gone, null and empty optional lists and maps gone, quantities and
   * times canonical, required scalars that were absent zero ('' , 0, false) as in Go. The very object that was given if nothing
   * had to change; parts that did not change are shared.
   */
  readonly value: unknown;
  readonly typeProblems: readonly TypeProblem[];
  /** Paths of fields that the structure does not have: `spec.foo`, `spec.containers[0].bar`. */
  readonly unknownFields: readonly string[];
}

/** Knows how a kind of object is built: a model of the schema table, or the schema of a custom resource. */
export interface Structure {
  /** Reads any JSON value; throws nothing, keeps nothing, changes nothing of what it was given. */
  read(raw: unknown): StructureReading;
}
