import { expect, test } from 'vitest';
import { wrongKind } from '../../src/api/wrong-kind.ts';
import { builtInKinds } from '../../src/kinds/built-in-kinds.ts';
import { deploymentKind } from '../../src/kinds/deployment.ts';
import { KindIndex } from '../../src/api/kind-index.ts';

const kinds = new KindIndex(builtInKinds);
const said = (apiVersion: string, kind: string): string =>
  wrongKind(deploymentKind, apiVersion, kind, (version, name) => kinds.byKind(version, name) !== undefined).message;

test.each([
  ['apps/v1beta2', 'Deployment', 'the API version in the data (apps/v1beta2) does not match the expected API version (apps/v1)'],
  [
    'v1',
    'PodList',
    'PodList in version "v1" cannot be handled as a Deployment: converting (v1.PodList) to (apps.Deployment): unknown conversion',
  ],
  [
    'apps/v1',
    'Status',
    'Status in version "v1" cannot be handled as a Deployment: converting (v1.Status) to (apps.Deployment): unknown conversion',
  ],
  [
    'apps/v7',
    'Deployment',
    'Deployment in version "v7" cannot be handled as a Deployment: no kind "Deployment" is registered for version "apps/v7" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
  ],
])('%s %s where a Deployment is expected', (apiVersion, kind, message) => {
  expect(said(apiVersion, kind)).toBe(message);
});
