import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { roots } from '../../scripts/model-roots.ts';
import { overlay } from '../../scripts/model-overlay.ts';
import { SchemaTable, type FieldSchema } from '../../src/api/schema.ts';
import { encodedSchema } from '../../src/api/generated/schema.ts';
import { sharedData } from '../shared-data.ts';
import { elementOf, readDefinitions, type Definitions, type Property } from './swagger-fields.ts';

/** Kinds whose definition carries no group, version and kind of its own, or several. */
const definitionOf: Readonly<Record<string, string>> = {
  V1DeleteOptions: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  V1Status: 'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
};

/**
 * The description is of a later Kubernetes than the models (1.34): fields that came later, and fields whose being required
 * changed later.
 */
const newer: readonly string[] = [
  'ListMeta.shardInfo',
  'CustomResourceDefinitionStatus.observedGeneration',
  'CustomResourceDefinitionCondition.observedGeneration',
  'PodSpec.schedulingGroup',
  'PodCertificateProjection.userAnnotations',
  'PodStatus.allocatedResources',
  'PodStatus.nodeAllocatableResourceClaimStatuses',
  'PodStatus.resources',
  'VolumeMountStatus.volumeStatus',
  'ResourceHealth.message',
  'NodeStatus.declaredFeatures',
];
const requiredOnce: readonly string[] = [
  'TokenRequest.spec',
  'TokenRequestStatus.expirationTimestamp',
  'TokenRequestStatus.token',
  'TokenRequestSpec.audiences',
  'PriorityClass.value',
  'EndpointSlice.endpoints',
  'RoleRef.apiGroup',
  'PodDisruptionBudgetStatus.currentHealthy',
  'PodDisruptionBudgetStatus.desiredHealthy',
  'PodDisruptionBudgetStatus.disruptionsAllowed',
  'PodDisruptionBudgetStatus.expectedPods',
  'PodFailurePolicyOnPodConditionsPattern.status',
];
const requiredLater: readonly string[] = [
  'TokenReviewSpec.token',
  'V2HorizontalPodAutoscaler.spec',
  'HorizontalPodAutoscaler.spec',
  'CronJob.spec',
];
const known: ReadonlySet<string> = new Set([
  ...newer.map((field) => `${field}: only in Kubernetes`),
  ...requiredOnce.map((field) => `${field}: required true, in Kubernetes false`),
  ...requiredLater.map((field) => `${field}: required false, in Kubernetes true`),
  // An empty object of whatever content.
  'CustomResourceSubresources.status: element object, in Kubernetes undefined',
]);

/** The name a model has in the table; the generator names it after the file of the client's models. */
function pairs(definitions: Definitions): readonly (readonly [model: string, definition: string])[] {
  const byKind = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      byKind.set(`${group === '' ? version : `${group}/${version}`} ${kind}`, name);
    }
  }
  return roots.map(({ model, apiVersion, kind }) => [model, definitionOf[model] ?? byKind.get(`${apiVersion} ${kind}`) ?? ''] as const);
}

function differences(definitions: Definitions, table: SchemaTable): { readonly found: readonly string[]; readonly compared: number } {
  const found: string[] = [];
  const seen = new Map<string, string>();
  const queue = pairs(definitions).map(([model, definition]) => [rootName(model), definition] as const);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [model, name] = next;
    if (seen.has(model)) continue;
    seen.set(model, name);
    const definition = definitions[name];
    if (definition?.properties === undefined) {
      found.push(`${model}: no definition ${name}`);
      continue;
    }
    if (table.isAtomic(model) !== (definition['x-kubernetes-map-type'] === 'atomic')) found.push(`${model}: atomic`);
    const fields = table.model(model);
    for (const field of new Set([...fields.keys(), ...Object.keys(definition.properties)])) {
      const ours = fields.get(field);
      const theirs = definition.properties[field];
      if (ours === undefined || theirs === undefined) {
        found.push(`${model}.${field}: only in ${ours === undefined ? 'Kubernetes' : 'the table'}`);
        continue;
      }
      const wrong = compare(ours, theirs, definition.required?.includes(field) ?? false);
      found.push(...wrong.map((text) => `${model}.${field}: ${text}`));
      const element = elementOf(theirs);
      if ('model' in ours.element && element.definition !== undefined) queue.push([ours.element.model, element.definition]);
    }
  }
  return { found, compared: seen.size };
}

function compare(ours: FieldSchema, theirs: Property, required: boolean): readonly string[] {
  const element = elementOf(theirs);
  const strategy = theirs['x-kubernetes-patch-strategy'];
  const facts: Readonly<Record<string, readonly [unknown, unknown]>> = {
    container: [ours.container, element.container],
    element: ['scalar' in ours.element ? ours.element.scalar : undefined, element.scalar],
    required: [ours.required, required],
    'list type': [ours.listType, theirs['x-kubernetes-list-type'] ?? mapType(theirs)],
    'map keys': [ours.listMapKeys.join(), (theirs['x-kubernetes-list-map-keys'] ?? []).join()],
    'merge key': [ours.mergeKey, theirs['x-kubernetes-patch-merge-key']],
    strategies: [ours.patchStrategies.join(), strategy ?? ''],
  };
  return Object.entries(facts).flatMap(([name, [a, b]]) => (a === b ? [] : [`${name} ${String(a)}, in Kubernetes ${String(b)}`]));
}

/** `granular` is what a map is unless told otherwise. */
function mapType(property: Property): string | undefined {
  const type = property['x-kubernetes-map-type'];
  return type === 'granular' ? undefined : type;
}

/** The name a root has in the table. */
function rootName(model: string): string {
  const plain = model.replace(/^(Core|Authentication)?V1(?=[A-Z])/, '');
  const name = [plain, model, model.replace('V1', '')].find((candidate) => encodedSchema[candidate] !== undefined);
  if (name === undefined) throw new Error(`no model for ${model}`);
  return name;
}

describe.skipIf(sharedData === undefined)('the schema table against the OpenAPI description of Kubernetes', () => {
  // Without the recordings nothing is read: a suite that is skipped is collected all the same.
  const definitions = sharedData === undefined ? {} : readDefinitions(join(sharedData, 'kubernetes/swagger.json'));

  test('says the same of every field that can be reached from a kind', () => {
    const { found, compared } = differences(definitions, new SchemaTable());
    expect(compared).toBeGreaterThan(250);
    expect(found.filter((text) => !known.has(text))).toEqual([]);
    expect([...known].filter((text) => !found.includes(text))).toEqual([]);
  });

  test.each([
    ['PodSpec', 'containers', '[]Container! map=image merge=name', 'map keys'],
    ['PodSpec', 'containers', '[]Container! map=name merge=image', 'merge key'],
    ['PodSpec', 'containers', '[]Container map=name merge=name', 'required'],
    ['PodSpec', 'tolerations', '[]Toleration', 'list type'],
    ['ResourceRequirements', 'limits', '{}string', 'element'],
    ['PodSpec', 'volumes', '[]Volume map=name merge=name', 'strategies'],
  ])('would see that %s.%s is %s', (model, field, text, fact) => {
    const broken = new SchemaTable({ ...encodedSchema, [model]: { ...encodedSchema[model], [field]: text } });
    expect(differences(definitions, broken).found.filter((line) => line.startsWith(`${model}.${field}: ${fact}`))).toHaveLength(1);
  });
});

test('every line of the overlay is about a field of the table', () => {
  const unused = Object.entries(overlay).flatMap(([model, fields]) => Object.keys(fields).map((field) => [model, field] as const));
  expect(unused.filter(([model, field]) => encodedSchema[model]?.[field] === undefined).map((path) => path.join('.'))).toEqual([]);
});
