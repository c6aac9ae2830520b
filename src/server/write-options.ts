import type { DeleteOptions, WriteOptions } from '../api/client.ts';
import { noKind } from '../api/wrong-kind.ts';
import { ApiError, BadRequestError, InvalidError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/** The options of a write, as Kubernetes calls them in refusals. */
export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

const managerBytesMax = 128;

/** The refusal of an option. */
export function invalidOption(kind: OptionsKind, field: string, reason: string, message: string): InvalidError {
  return new InvalidError(`${kind}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind,
    causes: [{ reason, message, field }],
  });
}

function goStrings(values: readonly string[]): string {
  return `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
}

function requireDryRun(kind: OptionsKind, values: readonly string[]): boolean {
  if (values.every((value) => value === 'All')) return values.length > 0;
  throw invalidOption(kind, 'dryRun', 'FieldValueNotSupported', `Unsupported value: ${goStrings(values)}: supported values: "All"`);
}

function requireManager(kind: OptionsKind, manager: string): void {
  if (Buffer.byteLength(manager) > managerBytesMax) {
    throw invalidOption(kind, 'fieldManager', 'FieldValueTooLong', `Too long: must have at most ${managerBytesMax} bytes`);
  }
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(manager);
  if (unprintable === null) return;
  const at = Buffer.byteLength(manager.slice(0, unprintable.index));
  const shown = JSON.stringify(manager).replace(/\\u00(..)/g, '\\x$1');
  const code = unprintable[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  throw invalidOption(
    kind,
    'fieldManager',
    'FieldValueInvalid',
    `Invalid value: ${shown}: invalid character U+${code} (at position ${at})`,
  );
}

/** What the query says about a write; throws Kubernetes' refusals. */
export function writeOptions(exchange: Exchange, kind: OptionsKind): WriteOptions {
  const dryRun = requireDryRun(kind, exchange.query.getAll('dryRun'));
  const validation = exchange.query.get('fieldValidation') ?? 'Warn';
  if (validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore') {
    const message = `Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`;
    throw invalidOption(kind, 'fieldValidation', 'FieldValueNotSupported', message);
  }
  requireManager(kind, exchange.query.get('fieldManager') ?? '');
  return {
    dryRun,
    fieldValidation: validation,
    fieldManager: exchange.managerName,
    trackFields: true,
    identity: exchange.identity,
    onWarning: (message) => exchange.warn(message),
    admit: exchange.admit,
  };
}

/** Whoever applies says who he is: the user agent does not stand in. */
export function applyOptions(exchange: Exchange): WriteOptions {
  return { ...writeOptions(exchange, 'PatchOptions'), fieldManager: exchange.query.get('fieldManager') ?? '' };
}

/** A DeleteOptions object as a request carries it. */
type GivenDeleteOptions = Omit<DeleteOptions, 'dryRun'> & {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly orphanDependents?: boolean;
  readonly dryRun?: readonly string[];
};

const propagations: ReadonlySet<string> = new Set(['Background', 'Foreground', 'Orphan']);

/** What the query and the body (undefined: none) say about a delete. */
export function deleteOptions(exchange: Exchange, body: unknown): DeleteOptions {
  const given = (body ?? {}) as GivenDeleteOptions;
  if (given.kind !== undefined && given.kind !== 'DeleteOptions') {
    throw new ApiError(
      500,
      '',
      noKind(given.kind, given.apiVersion ?? '', 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27'),
      undefined,
      { retryable: false },
    );
  }
  const orphan = exchange.query.has('orphanDependents') ? exchange.flag('orphanDependents') : given.orphanDependents;
  const policy = exchange.query.get('propagationPolicy') ?? given.propagationPolicy;
  if (policy !== undefined && !propagations.has(policy)) {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
    throw invalidOption('DeleteOptions', 'propagationPolicy', 'FieldValueNotSupported', message);
  }
  if (policy !== undefined && orphan !== undefined) {
    const message = `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`;
    throw invalidOption('DeleteOptions', 'propagationPolicy', 'FieldValueInvalid', message);
  }
  const grace = graceOf(exchange.query.get('gracePeriodSeconds') ?? undefined, given.gracePeriodSeconds);
  const bodyDryRun = requireDryRun('DeleteOptions', given.dryRun ?? []);
  const base = writeOptions(exchange, 'DeleteOptions');
  const propagationPolicy = (policy ??
    (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background')) as DeleteOptions['propagationPolicy'];
  return {
    ...base,
    dryRun: base.dryRun === true || bodyDryRun,
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(given.preconditions === undefined ? {} : { preconditions: given.preconditions }),
  };
}

function graceOf(query: string | undefined, given: unknown): number | undefined {
  if (query !== undefined) {
    if (!/^[-+]?\d+$/.test(query)) throw new BadRequestError(`strconv.ParseInt: parsing ${JSON.stringify(query)}: invalid syntax`);
    return Number(query);
  }
  if (given === undefined || given === null) return undefined;
  if (Number.isInteger(given)) return given as number;
  const message = `json: cannot unmarshal ${typeof given} into Go struct field DeleteOptions.gracePeriodSeconds of type int64`;
  throw new ApiError(500, '', message, undefined, { retryable: false });
}
