import type { AdmissionStep } from '../api/admission.ts';
import { rulesOf } from '../api/custom/custom-rules.ts';
import { FieldErrors } from '../api/field-errors.ts';
import type { CustomResourceDefinitionManifest } from '../api/generated/models.ts';
import { invalid } from '../api/status-errors.ts';
import { ParseError } from '../errors.ts';
import { schemasOf } from '../kinds/custom-resource-definition.ts';

/**
 * Refuses a CustomResourceDefinition whose rules are no CEL. (The library is heavy: it is loaded with the first rule.)
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
export const customResourceRules: AdmissionStep = {
  name: 'CustomResourceRules',
  validate: ({ kind, object, operation, subresource }) => {
    if (kind.kind !== 'CustomResourceDefinition' || kind.group !== 'apiextensions.k8s.io' || operation === 'DELETE' || subresource !== '')
      return;
    const { spec } = object as CustomResourceDefinitionManifest;
    const rules = schemasOf(spec?.versions ?? []).flatMap(({ schema, path }) => rulesOf(schema, path));
    return rules.length === 0 ? undefined : compileAll(rules, kind, object.metadata?.name ?? '');
  },
};

async function compileAll(rules: ReturnType<typeof rulesOf>, kind: Parameters<typeof invalid>[0], name: string): Promise<void> {
  const { CelExpression } = await import('../api/cel.ts');
  const errors = new FieldErrors();
  for (const { rule, schema, path } of rules) {
    for (const [field, source] of [
      ['rule', rule.rule],
      ['messageExpression', rule.messageExpression],
    ] as const) {
      if (source === undefined) continue;
      try {
        CelExpression.compile(source, schema);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
        errors.invalid(`${path}.${field}`, source, error.message);
      }
    }
  }
  if (!errors.empty) throw invalid(kind, name, errors);
}
