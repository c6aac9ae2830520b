import type { ClassOf, NodeClasses } from './plugin.ts';

/** Classes have numbers below this, so that one and a number of a group make one exact number. */
const classesMax = 65_536;

/** Numbers what nodes have in common: the same class by every question. */
export class NodeGroups {
  readonly #classes: readonly NodeClasses[];
  /** By question: the number of what nodes have in common up to and with it. */
  readonly #levels: readonly Map<number, number>[];
  readonly #classesOf: (readonly number[])[] = [];

  /** Without questions all nodes are in group 0. */
  constructor(classes: readonly NodeClasses[]) {
    this.#classes = classes;
    this.#levels = classes.map(() => new Map());
    if (classes.length === 0) this.#classesOf.push([]);
  }

  /** True if these groups answer the same questions. */
  are(classes: readonly NodeClasses[]): boolean {
    return this.#classes.length === classes.length && classes.every((each, i) => each === this.#classes[i]);
  }

  /** The number of the group a node is in, from 0. */
  groupOf(index: number): number {
    let group = 0;
    for (let i = 0; i < this.#classes.length; i++) {
      const level = this.#levels[i]!;
      const key = group * classesMax + Math.min(this.#classes[i]!.classOf(index), classesMax - 1);
      const known = level.get(key);
      group = known ?? level.size;
      if (known !== undefined) continue;
      level.set(key, group);
      if (i === this.#classes.length - 1) this.#classesOf.push(this.#classes.map((classes) => classes.classOf(index)));
    }
    return group;
  }

  /** The classes that all nodes of a group have; 0 by questions that were not asked. */
  classOf(group: number): ClassOf {
    const known = this.#classesOf[group]!;
    return (classes) => known[this.#classes.indexOf(classes)] ?? 0;
  }
}
