import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KindIndex } from '../../../src/api/kind-index.ts';
import { SchemaTable } from '../../../src/api/schema.ts';
import { builtInKinds } from '../../../src/kinds/built-in-kinds.ts';
import { deploymentKind } from '../../../src/kinds/deployment.ts';
import { OpenApi } from '../../../src/server/openapi/open-api.ts';
import { sharedData } from '../../shared-data.ts';

type Json = Readonly<Record<string, unknown>>;
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly definitions: Readonly<Record<string, Json & { readonly properties?: Readonly<Record<string, Json>> }>>;
  readonly components: { readonly schemas: Document['definitions'] };
}

const openApi = (): OpenApi => new OpenApi(new KindIndex(builtInKinds), new SchemaTable());
const parsed = (document: { readonly text: string } | undefined): Document => JSON.parse(document!.text) as Document;

/** Every `$ref` in a document. */
const refs = (text: string): readonly string[] => [...new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!))];

test('every reference of a document leads to a definition in it', () => {
  const api = openApi();
  const v2 = api.at('/openapi/v2')!;
  const lost = (text: string, prefix: string, definitions: object): readonly string[] => {
    const known = new Set(Object.keys(definitions).map((name) => prefix + name));
    return refs(text).filter((ref) => !known.has(ref));
  };
  expect(refs(v2.text).length).toBeGreaterThan(300);
  expect(lost(v2.text, '#/definitions/', parsed(v2).definitions)).toEqual([]);
  const index = JSON.parse(api.at('/openapi/v3')!.text) as {
    readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
  };
  expect(Object.keys(index.paths)).toContain('apis/apps/v1');
  for (const [group, { serverRelativeURL }] of Object.entries(index.paths)) {
    const document = api.at(`/openapi/v3/${group}`)!;
    expect(serverRelativeURL).toBe(`/openapi/v3/${group}?hash=${document.hash}`);
    expect(lost(document.text, '#/components/schemas/', parsed(document).components.schemas), group).toEqual([]);
  }
});

test('a document is made anew when a kind comes, and only then', () => {
  const kinds = new KindIndex([deploymentKind]);
  const api = new OpenApi(kinds, new SchemaTable());
  const before = api.at('/openapi/v3')!;
  expect(api.at('/openapi/v3')).toBe(before);
  const openapi = { type: 'object', properties: { spec: { type: 'object' } } };
  kinds.add({ ...deploymentKind, group: 'example.com', kind: 'Box', plural: 'boxes', singular: 'box', model: 'box', openapi });
  expect(api.at('/openapi/v3')!.hash).not.toBe(before.hash);
  const { schemas } = parsed(api.at('/openapi/v3/apis/example.com/v1')).components;
  expect(schemas['com.example.v1.Box']).toMatchObject({
    properties: { spec: { type: 'object' } },
    'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Box', version: 'v1' }],
  });
});

test('a patch says that it takes fieldValidation: kubectl leaves validation to the server then', () => {
  const { paths } = parsed(openApi().at('/openapi/v3/apis/apps/v1'));
  const { patch } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!;
  expect(patch!['parameters']).toContainEqual({ name: 'fieldValidation', in: 'query', schema: { type: 'string', uniqueItems: true } });
  expect(patch!['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', kind: 'Deployment', version: 'v1' });
});

/** Models with fields of any JSON, whose definitions Kubernetes names one by one. */
const anyJson = /\.(JSONSchemaProps|CustomResourceSubresources)$/;
const facts = [
  'type',
  'format',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-map-type',
];

test.skipIf(sharedData === undefined)('definitions have the names, types and merge keys that Kubernetes publishes', () => {
  const published = JSON.parse(readFileSync(`${sharedData}/kubernetes/swagger.json`, 'utf8')) as Document;
  const ours = parsed(openApi().at('/openapi/v2'));
  let compared = 0;
  for (const [name, { properties = {} }] of Object.entries(ours.definitions)) {
    const theirs = published.definitions[name];
    expect(theirs, name).toBeDefined();
    for (const [field, schema] of Object.entries(properties)) {
      const other = theirs!.properties?.[field];
      if (other === undefined || anyJson.test(name)) continue;
      expect(schema['$ref'], `${name}.${field}`).toBe(other['$ref']);
      for (const fact of facts)
        if (other[fact] !== undefined && other[fact] !== 'granular') expect(schema[fact], `${name}.${field} ${fact}`).toEqual(other[fact]);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(1500);
});
