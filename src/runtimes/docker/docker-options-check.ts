import { ConfigurationError } from '../../errors.ts';
import { parseIpv4 } from '../address-range.ts';
import type { ImageBuild } from './build-image.ts';
import type { DockerRuntimeOptions } from './docker-runtime-options.ts';

/** What an option may be, in words, and how to tell. */
type Rule = readonly [expected: string, fits: (value: unknown) => boolean];
type Rules<T> = Readonly<Record<keyof T, Rule>>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Rule = ['a text', isText];
const yesOrNo: Rule = ['true or false', (value) => typeof value === 'boolean'];
const record: Rule = ['an object', isRecord];
const callback: Rule = ['a function', (value) => typeof value === 'function'];
const milliseconds: Rule = ['milliseconds, more than 0', (value) => typeof value === 'number' && value > 0];
const oneOf = (...choices: readonly (string | boolean)[]): Rule => [
  choices.map((choice) => JSON.stringify(choice)).join(' or '),
  (value) => choices.some((choice) => choice === value),
];

function isIpv4Range(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [address = '', prefix = '', ...more] = value.split('/');
  return more.length === 0 && parseIpv4(address) !== undefined && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
}

const searchRules = { host: text, context: text, tlsFolder: text, env: record, homeFolder: text };

/** Every option, so that one that is misspelt is told from one that is not there. The compiler knows if one is missing here. */
const runtimeRules: Rules<DockerRuntimeOptions> = {
  ...searchRules,
  neverPull: yesOrNo,
  platform: text,
  imageGarbage: record,
  pullTimeoutMs: milliseconds,
  pullSilenceMs: milliseconds,
  configFolder: text,
  sandbox: oneOf('auto', 'always'),
  sandboxImage: text,
  reach: oneOf('auto', 'address', 'published'),
  sharesFiles: yesOrNo,
  takeOver: yesOrNo,
  podPidsLimit: ['a whole number, more than 0', (value) => Number.isInteger(value) && (value as number) > 0],
  storageLimits: yesOrNo,
  seccompFolder: text,
  hostRules: yesOrNo,
  overlay: yesOrNo,
  relay: oneOf('auto', true, false),
  serviceCidr: ['an IPv4 range such as "10.96.0.0/16"', isIpv4Range],
  capacity: record,
};

const buildRules: Rules<ImageBuild> = {
  ...searchRules,
  signal: record,
  timeoutMs: milliseconds,
  image: text,
  folder: text,
  dockerfile: text,
  buildArgs: record,
  target: text,
  platform: text,
  configFolder: text,
  onProgress: callback,
  logger: record,
};

/** Throws a `ConfigurationError` that names every option which cannot be meant: dropped in silence, pods would not run as asked. */
export function checkDockerRuntimeOptions(options: DockerRuntimeOptions): void {
  check('DockerRuntime', options, runtimeRules);
}

/** The same for `buildImage`. */
export function checkImageBuild(build: ImageBuild): void {
  check('buildImage', build, buildRules, ['image', 'folder']);
}

function check<T extends object>(what: string, given: T, rules: Rules<T>, required: readonly string[] = []): void {
  const known = new Map<string, Rule>(Object.entries(rules));
  const options = new Map<string, unknown>(Object.entries(given));
  const problems: string[] = [];
  for (const [option, value] of options) {
    const rule = known.get(option);
    if (rule === undefined) problems.push(`${what}.${option}: there is no such option; expected one of ${[...known.keys()].join(', ')}`);
    else if (value !== undefined && !rule[1](value))
      problems.push(`${what}.${option}: expected ${rule[0]}, found ${JSON.stringify(value)}`);
  }
  for (const option of required)
    if (options.get(option) === undefined || options.get(option) === '') problems.push(`${what}.${option}: it has to be given`);
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
}
