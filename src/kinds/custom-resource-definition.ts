import type { CustomSchema } from '../api/custom/custom-schema.ts';
import { checkStructuralSchema } from '../api/custom/structural-schema.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type {
  CustomResourceDefinitionManifest,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { checkDns1035Label } from '../api/names.ts';
import { validateApiApproval } from './api-approval.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import {
  validateChoice,
  validateDnsSubdomain,
  validateName,
  validateOptionalChoice,
  validateRequired,
  validateUnchanged,
} from './field-checks.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

/*
 * What holds for every CustomResourceDefinition. Whether a schema is structural is checked where schemas are compiled.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['binary', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function defaultSpec(spec: Draft<CustomResourceDefinitionSpec>): void {
  spec.names.singular ||= spec.names.kind.toLowerCase();
  if (spec.names.kind !== '') spec.names.listKind ||= `${spec.names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
}

function validateNames(names: CustomResourceDefinitionNames, errors: FieldErrors): void {
  const { plural, singular = '', kind, listKind = '', shortNames = [], categories = [] } = names;
  const label = (value: string, path: string): void => validateName(checkDns1035Label, value, path, errors);
  if (plural === '') errors.required('spec.names.plural');
  else label(plural, 'spec.names.plural');
  if (singular !== '') label(singular, 'spec.names.singular');
  for (const [i, name] of shortNames.entries()) label(name, `spec.names.shortNames[${i}]`);
  for (const [i, category] of categories.entries()) label(category, `spec.names.categories[${i}]`);
  if (kind === '') errors.required('spec.names.kind');
  else
    for (const problem of checkDns1035Label(kind.toLowerCase()))
      errors.invalid('spec.names.kind', kind, `may have mixed case, but should otherwise match: ${problem}`);
  if (listKind === '') errors.required('spec.names.listKind');
  else if (listKind === kind) errors.invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same');
}

function validateVersion(version: CustomResourceDefinitionVersion, path: string, errors: FieldErrors): void {
  validateName(checkDns1035Label, version.name, `${path}.name`, errors);
  for (const [i, printed] of (version.additionalPrinterColumns ?? []).entries()) {
    const at = `${path}.additionalPrinterColumns[${i}]`;
    validateRequired(printed.name, `${at}.name`, errors);
    validateChoice(printed.type, columnTypes, `${at}.type`, errors);
    if ((printed.format ?? '') !== '') validateOptionalChoice(printed.format, columnFormats, `${at}.format`, errors);
    if (printed.jsonPath === '') errors.required(`${at}.JSONPath`);
    else if (!printed.jsonPath.startsWith('.'))
      errors.invalid(`${at}.JSONPath`, printed.jsonPath, 'must be a simple json path starting with .');
  }
  const { scale } = version.subresources ?? {};
  if (scale === undefined) return;
  for (const [field, root] of [
    ['specReplicasPath', '.spec.'],
    ['statusReplicasPath', '.status.'],
  ] as const) {
    const value = scale[field];
    if (value === '') errors.required(`${path}.subresources.scale.${field}`);
    else if (!value.startsWith(root))
      errors.invalid(`${path}.subresources.scale.${field}`, value, `should be a json path under ${root.slice(0, -1)}`);
  }
}

function validateSchemas(versions: readonly CustomResourceDefinitionVersion[], errors: FieldErrors): void {
  for (const [i, { schema }] of versions.entries())
    if (schema?.openAPIV3Schema === undefined) errors.required(`spec.versions[${i}].schema.openAPIV3Schema`, 'schemas are required');
  for (const { schema, path } of schemasOf(versions)) checkStructuralSchema(schema, path, errors);
}

/** The schemas of the versions and where errors in them are told: versions that all have the same one share it. */
export function schemasOf(
  versions: readonly CustomResourceDefinitionVersion[],
): readonly { readonly schema: CustomSchema; readonly path: string }[] {
  const all = versions.map(({ schema }) => schema?.openAPIV3Schema as CustomSchema | undefined);
  const [first] = all;
  if (first !== undefined && all.every((schema) => deepEqual(schema, first)))
    return [{ schema: first, path: 'spec.validation.openAPIV3Schema' }];
  return all.flatMap((schema, i) => (schema === undefined ? [] : [{ schema, path: `spec.versions[${i}].schema.openAPIV3Schema` }]));
}

function validateVersions(versions: readonly CustomResourceDefinitionVersion[], errors: FieldErrors): void {
  validateSchemas(versions, errors);
  const names = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (names.has(version.name)) errors.invalid(`spec.versions[${i}].name`, version.name, 'must be unique');
    names.add(version.name);
    validateVersion(version, `spec.versions[${i}]`, errors);
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.invalid(
      'spec.versions',
      versions.map(({ name }) => name),
      'must have exactly one version marked as storage version',
    );
  }
}

function validate({ metadata, spec }: CustomResourceDefinitionManifest, errors: FieldErrors): void {
  const expected = `${spec.names.plural}.${spec.group}`;
  if (metadata?.name !== expected) errors.invalid('metadata.name', metadata?.name, 'must be spec.names.plural+"."+spec.group');
  if (spec.group === '') errors.required('spec.group');
  else {
    validateDnsSubdomain(spec.group, 'spec.group', errors);
    if (!spec.group.includes('.')) errors.invalid('spec.group', spec.group, 'should be a domain with at least one dot');
  }
  validateChoice(spec.scope, ['Cluster', 'Namespaced'], 'spec.scope', errors);
  validateNames(spec.names, errors);
  validateVersions(spec.versions, errors);
  const strategy = spec.conversion?.strategy;
  if (strategy === 'Webhook')
    errors.forbidden('spec.conversion.strategy', 'Webhook is not supported: convert in the program that writes the objects');
  else validateChoice(strategy, ['None'], 'spec.conversion.strategy', errors);
  if (spec.preserveUnknownFields === true) {
    errors.invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
  }
}

/** What objects were stored under stays what it is. */
function validateUpdate(definition: CustomResourceDefinitionManifest, before: CustomResourceDefinitionManifest, errors: FieldErrors): void {
  const { spec } = definition;
  const { spec: old } = before;
  validateApiApproval(definition, before, errors);
  validateUnchanged(spec.group, old.group, 'spec.group', errors);
  validateUnchanged(spec.scope, old.scope, 'spec.scope', errors);
  validateUnchanged(spec.names.plural, old.names.plural, 'spec.names.plural', errors);
  validateUnchanged(spec.names.kind, old.names.kind, 'spec.names.kind', errors);
}

export const customResourceDefinitionKind: KindDescriptor<CustomResourceDefinitionManifest> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  model: 'CustomResourceDefinition',
  nameRule: 'dns1123-subdomain',
  updatesUnconditionally: false,
  hasGeneration: true,
  hasStatus: true,
  applyDefaults: ({ spec }) => {
    if (!Object.isFrozen(spec)) defaultSpec(spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { storedVersions: draft.spec.versions.filter(({ storage }) => storage).map(({ name }) => name) };
  },
  validate,
  validateCreate: (definition, errors) => validateApiApproval(definition, undefined, errors),
  validateUpdate,
  columns: [nameColumn, createdAtColumn],
};

/**
 * A kind of the user's own.
 * Source: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
 */
export class CustomResourceDefinition extends Handle<CustomResourceDefinitionManifest> {
  constructor(manifest: CustomResourceDefinitionManifest, client?: Client) {
    super(customResourceDefinitionKind, manifest, client);
  }

  get spec(): NonNullable<CustomResourceDefinitionManifest['spec']> {
    return this.object.spec!;
  }

  get status(): Partial<NonNullable<CustomResourceDefinitionManifest['status']>> {
    return this.object.status ?? {};
  }

  /** Waits until objects of the kind can be made. */
  established(options: WaitOptions = {}): Promise<this> {
    const check = (): this | undefined =>
      this.status.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true ? this : undefined;
    return this.client.waitFor(`${this.what} to be established`, check, () => this.evidence(), options);
  }
}
