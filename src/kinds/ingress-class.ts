import type { FieldErrors } from '../api/field-errors.ts';
import type { IngressClassManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { checkDns1123Subdomain } from '../api/names.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateDnsLabel, validateUnchanged } from './field-checks.ts';
import { validateTypedReference } from './ingress/ingress-validation.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const controllerMax = 250;

function validateController(controller: string, errors: FieldErrors): void {
  const path = 'spec.controller';
  if (controller === '') return errors.required(path);
  if (controller.length > controllerMax) errors.tooLong(path, controllerMax);
  const slash = controller.indexOf('/');
  if (slash <= 0 || slash === controller.length - 1) {
    errors.invalid(path, controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
  } else for (const problem of checkDns1123Subdomain(controller.slice(0, slash))) errors.invalid(path, controller, problem);
}

function validate({ spec = {} }: IngressClassManifest, errors: FieldErrors): void {
  validateController(spec.controller ?? '', errors);
  const { parameters } = spec;
  if (parameters === undefined) return;
  const path = 'spec.parameters';
  validateTypedReference(parameters, path, errors);
  const { scope, namespace } = parameters;
  if (scope === undefined) errors.required(`${path}.scope`);
  else if (scope === 'Namespace') {
    if (namespace === undefined) errors.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else validateDnsLabel(namespace, `${path}.namespace`, errors);
  } else if (scope !== 'Cluster') errors.notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace']);
  else if (namespace !== undefined) errors.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'");
}

function parametersText({ spec }: Stored<IngressClassManifest>): string {
  const { parameters } = spec ?? {};
  if (parameters === undefined) return '<none>';
  const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
  return `${parameters.kind}${group}/${parameters.name}`;
}

export const ingressClassKind: KindDescriptor<IngressClassManifest> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  model: 'IngressClass',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: false,
  applyDefaults: ({ spec }) => {
    if (spec?.parameters !== undefined && !Object.isFrozen(spec.parameters)) spec.parameters.scope ??= 'Cluster';
  },
  validate,
  validateUpdate: (ingressClass, old, errors) =>
    validateUnchanged(ingressClass.spec?.controller, old.spec?.controller, 'spec.controller', errors),
  columns: [nameColumn, column('Controller', ({ spec }) => spec?.controller ?? ''), column('Parameters', parametersText), ageColumn],
};

/**
 * Who serves Ingresses of a class.
 * Source: https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class
 */
export class IngressClass extends Handle<IngressClassManifest> {
  constructor(manifest: IngressClassManifest, client?: Client) {
    super(ingressClassKind, manifest, client);
  }

  get spec(): NonNullable<IngressClassManifest['spec']> {
    return this.object.spec ?? {};
  }
}
