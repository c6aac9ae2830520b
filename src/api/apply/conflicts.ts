import { ConflictError } from '../../errors.ts';
import type { FieldSet } from './field-set.ts';
import type { Manager } from './managers.ts';
import { shownPath } from './path-element.ts';

/** Fields that an applied configuration would change and that another manager owns. */
export interface ManagerConflict {
  readonly by: Manager;
  readonly fields: FieldSet;
}

function shownManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** The 409 of server-side apply: who owns what. The caller may force, or give up the fields. */
export function applyConflict(conflicts: readonly ManagerConflict[]): ConflictError {
  const found = conflicts
    .map(({ by, fields }) => ({ manager: shownManager(by), fields: fields.paths().map(shownPath) }))
    .sort((a, b) => (a.manager < b.manager ? -1 : 1));
  const causes = found.flatMap(({ manager, fields }) =>
    fields.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  );
  const only = causes[0];
  const message =
    causes.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
      : `Apply failed with ${causes.length} conflicts: ${found.map(({ manager, fields }) => [`conflicts with ${manager}:`, ...fields.map((field) => `- ${field}`)].join('\n')).join('\n')}`;
  return new ConflictError(message, { causes });
}
