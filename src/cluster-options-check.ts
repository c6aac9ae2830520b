import ipaddr from 'ipaddr.js';
import { FieldErrors } from './api/field-errors.ts';
import { validateAnnotations, validateLabels } from './api/label-validation.ts';
import { checkLabelValue } from './api/names.ts';
import { Quantity } from './api/quantity.ts';
import type { ClusterOptions, NodeOptions } from './cluster-options.ts';
import { ConfigurationError, ParseError } from './errors.ts';
import { validateCidr, validateDnsSubdomain, validatePortNumber } from './kinds/field-checks.ts';
import { validateTaints } from './kinds/taints.ts';
import type { Runtime } from './runtimes/runtime.ts';

/** A Service range has a network address, a broadcast address, and at least two to give away. */
const serviceCidrBitsMax = 30;

/** Every option, so that one that is misspelt is told from one that is not there. The compiler knows if one is missing here. */
const clusterOptions: Readonly<Record<keyof ClusterOptions, true>> = {
  admission: true,
  clock: true,
  controllers: true,
  dns: true,
  events: true,
  extraControllers: true,
  extraParticipants: true,
  extraSchedulers: true,
  highAvailability: true,
  kinds: true,
  loadBalancerAddresses: true,
  logger: true,
  metrics: true,
  name: true,
  nodeHealth: true,
  nodePorts: true,
  nodes: true,
  onHostDeath: true,
  proxy: true,
  scheduler: true,
  seed: true,
  serviceCidr: true,
  stateDir: true,
  store: true,
  tokens: true,
};
const nodeOptions: Readonly<Record<keyof NodeOptions, true>> = {
  annotations: true,
  capacity: true,
  labels: true,
  name: true,
  podCidr: true,
  reserved: true,
  runtime: true,
  taints: true,
};

/** Throws a `ConfigurationError` that names every option which cannot be meant, before anything is opened. */
export function checkClusterOptions(options: ClusterOptions): void {
  const { name, serviceCidr, nodePorts, nodeHealth, onHostDeath = 'kill' } = options;
  const errors = new FieldErrors();
  validateOptionNames(options, clusterOptions, '', errors);
  if (name !== undefined) {
    const problems = name === '' ? ['it may not be empty'] : checkLabelValue(name);
    if (problems.length > 0) errors.invalid('name', name, problems.join('; '));
  }
  if (serviceCidr !== undefined) validateServiceCidr(serviceCidr, errors);
  if (nodePorts !== undefined) {
    validatePortNumber(nodePorts.from, 'nodePorts.from', errors);
    validatePortNumber(nodePorts.to, 'nodePorts.to', errors);
    if (nodePorts.from > nodePorts.to) errors.invalid('nodePorts', nodePorts, '`from` must not be greater than `to`');
  }
  if (!['kill', 'keep'].includes(onHostDeath)) errors.invalid('onHostDeath', onHostDeath, "expected 'kill' or 'keep'");
  for (const [field, value] of Object.entries(nodeHealth ?? {}) as [string, number | undefined][])
    if (value !== undefined && !(value > 0)) errors.invalid(`nodeHealth.${field}`, value, 'expected milliseconds, more than 0');
  refuse(errors);
}

/** The same for a node: what the API would refuse of its Node object is said at once, by the names of the options. */
export function checkNodeOptions(node: NodeOptions): void {
  const errors = new FieldErrors();
  const at = `nodes[${node.name}]`;
  validateOptionNames(node, nodeOptions, `${at}.`, errors);
  validateDnsSubdomain(node.name, `${at}.name`, errors);
  validateLabels(node.labels, `${at}.labels`, errors);
  validateAnnotations(node.annotations, `${at}.annotations`, errors);
  validateTaints(node.taints ?? [], `${at}.taints`, errors);
  validateAmounts(node.capacity, `${at}.capacity`, errors);
  validateAmounts(node.reserved, `${at}.reserved`, errors);
  if ((node.runtime as Runtime | undefined) === undefined)
    errors.required(`${at}.runtime`, 'what runs the pods of the node, such as new SimulatedRuntime()');
  if (node.podCidr !== undefined) validateCidr(node.podCidr, `${at}.podCidr`, errors);
  refuse(errors);
}

/** Throws a `ConfigurationError` for an option that the verb does not have: it would be dropped in silence where nobody checks types. */
export function checkOptionNames(verb: string, given: object, known: Readonly<Record<string, true>>): void {
  const errors = new FieldErrors();
  validateOptionNames(given, known, `${verb}.`, errors);
  refuse(errors);
}

function validateOptionNames(given: object, known: Readonly<Record<string, true>>, at: string, errors: FieldErrors): void {
  for (const option of Object.keys(given)) {
    if (Object.hasOwn(known, option)) continue;
    errors.invalid(`${at}${option}`, option, `there is no such option; expected one of ${Object.keys(known).join(', ')}`);
  }
}

function validateServiceCidr(text: string, errors: FieldErrors): void {
  const expected = `expected an IPv4 range such as 10.96.0.0/16, of at least 4 addresses (up to /${serviceCidrBitsMax})`;
  if (!ipaddr.IPv4.isValidCIDR(text) || ipaddr.IPv4.parseCIDR(text)[1] > serviceCidrBitsMax) errors.invalid('serviceCidr', text, expected);
}

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string, errors: FieldErrors): void {
  for (const [resource, amount] of Object.entries(amounts ?? {})) {
    try {
      if (Quantity.parse(amount).isNegative) errors.invalid(`${path}.${resource}`, amount, 'must be greater than or equal to 0');
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      errors.invalid(`${path}.${resource}`, amount, error.message);
    }
  }
}

function refuse(errors: FieldErrors): void {
  if (!errors.empty) throw new ConfigurationError(errors.causes.map(({ field, message }) => `${field}: ${message}`).join(', '));
}
