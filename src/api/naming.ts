import type { Random } from '../env/random.ts';
import type { KindDescriptor } from './kind.ts';
import { generateName } from './name-generation.ts';
import type { KubeObject } from './object.ts';
import { FieldErrors } from './field-errors.ts';
import { invalid } from './status-errors.ts';
import { newUid } from './uid.ts';

/** The name a new object gets: its own, or one made from `generateName`. Throws `InvalidError` if it has neither. */
export function nameFor(kind: KindDescriptor, object: KubeObject, random: Random): string {
  const { name, generateName: base } = object.metadata ?? {};
  if (name !== undefined && name !== '') return name;
  if (kind.unnamedGetsUid === true) return newUid(random);
  if (base !== undefined && base !== '') return generateName(base, random);
  const errors = new FieldErrors();
  errors.required('metadata.name', 'name or generateName is required');
  throw invalid(kind, '', errors);
}
