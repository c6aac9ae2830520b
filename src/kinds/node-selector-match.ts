import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../api/generated/models.ts';

/** What a node selector looks at. */
export interface SelectableNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

type Test = (node: SelectableNode) => boolean;

/**
 * The test a node selector makes: true if one of its terms matches. A term without requirements matches nothing, as in
 * Kubernetes. `matchFields` knows `metadata.name`.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#NodeSelector
 */
export function nodeSelectorTest(selector: NodeSelector): Test {
  const tests = selector.nodeSelectorTerms.map(nodeSelectorTermTest);
  return (node) => tests.some((test) => test(node));
}

export function nodeSelectorTermTest(term: NodeSelectorTerm): Test {
  const byLabel = (term.matchExpressions ?? []).map((requirement) => requirementTest(requirement, (node, key) => node.labels[key]));
  const byField = (term.matchFields ?? []).map((requirement) => requirementTest(requirement, fieldOf));
  const tests = [...byLabel, ...byField];
  if (tests.length === 0) return () => false;
  return (node) => tests.every((test) => test(node));
}

/** The names a term limits the nodes to by `matchFields`, or undefined if it does not. */
export function namesOfTerm(term: NodeSelectorTerm): ReadonlySet<string> | undefined {
  const names = (term.matchFields ?? []).filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  if (names.length === 0) return undefined;
  const [first, ...others] = names.map(({ values }) => new Set(values));
  return new Set([...first!].filter((name) => others.every((other) => other.has(name))));
}

const fieldOf = (node: SelectableNode, key: string): string | undefined => (key === 'metadata.name' ? node.name : undefined);

function requirementTest(
  { key, operator, values = [] }: NodeSelectorRequirement,
  read: (node: SelectableNode, key: string) => string | undefined,
): Test {
  const among = new Set(values);
  switch (operator) {
    case 'In':
      return (node) => {
        const value = read(node, key);
        return value !== undefined && among.has(value);
      };
    case 'NotIn':
      return (node) => {
        const value = read(node, key);
        return value === undefined || !among.has(value);
      };
    case 'Exists':
      return (node) => read(node, key) !== undefined;
    case 'DoesNotExist':
      return (node) => read(node, key) === undefined;
    case 'Gt':
    case 'Lt':
      return comparison(operator, values, (node) => read(node, key));
    default:
      return () => false;
  }
}

const integer = /^[+-]?\d+$/;

function comparison(operator: 'Gt' | 'Lt', values: readonly string[], read: (node: SelectableNode) => string | undefined): Test {
  const [bound] = values;
  if (values.length !== 1 || bound === undefined || !integer.test(bound)) return () => false;
  const limit = BigInt(bound);
  return (node) => {
    const value = read(node);
    if (value === undefined || !integer.test(value)) return false;
    return operator === 'Gt' ? BigInt(value) > limit : BigInt(value) < limit;
  };
}
