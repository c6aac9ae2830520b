import type { Container, PodSecurityContext, SecurityContext } from '../api/generated/models.ts';
import { RuntimeError } from '../errors.ts';
import type { ContainerConfig, ResolvedMount } from '../runtimes/runtime.ts';
import { refersToOthers, resolveEnvironment } from './environment.ts';
import type { ValueSource } from './environment.ts';
import type { PodFacts } from './field-values.ts';
import type { PodContainer, StoredPod } from './pod-containers.ts';
import { expandVariables } from './variable-expansion.ts';

export interface ConfigInput {
  readonly pod: StoredPod;
  readonly container: PodContainer;
  /** The variables of Services; asked for only if somebody reads the environment. */
  readonly services: () => readonly (readonly [string, string])[];
  readonly source: ValueSource;
  readonly facts: PodFacts;
}

/**
 * The container with nothing left to look up. What refers to other objects is resolved at once and throws `RUNTIME_CONFIG` if it
 * cannot be; with `lazy` the rest is resolved when it is first read, which a simulated runtime never does.
 */
export function containerConfig(input: ConfigInput, lazy = false): ContainerConfig {
  const config = new ResolvedConfig(input);
  const { spec } = input.container;
  if (lazy && spec.volumeMounts?.some(({ subPathExpr }) => subPathExpr !== undefined) !== true) return config;
  const { container, type, attempt, image, env, command, args, workingDir, mounts, securityContext } = config;
  return { container, type, attempt, image, env, command, args, workingDir, mounts, securityContext };
}

class ResolvedConfig implements ContainerConfig {
  readonly #input: ConfigInput;
  #variables: ReadonlyMap<string, string> | undefined;

  constructor(input: ConfigInput) {
    this.#input = input;
    // A reference that leads nowhere must be told now, not when a runtime happens to read it.
    if (refersToOthers(input.container.spec)) this.#resolve();
  }

  get container(): Container {
    return this.#input.container.spec;
  }

  get type(): ContainerConfig['type'] {
    return this.#input.container.type;
  }

  get attempt(): number {
    return this.#input.container.nextAttempt;
  }

  get image(): string {
    return this.container.image ?? '';
  }

  get env(): ContainerConfig['env'] {
    return [...this.#resolve()].map(([name, value]) => ({ name, value }));
  }

  get command(): readonly string[] | undefined {
    return this.#expanded(this.container.command);
  }

  get args(): readonly string[] | undefined {
    return this.#expanded(this.container.args);
  }

  get workingDir(): string | undefined {
    return this.container.workingDir === '' ? undefined : this.container.workingDir;
  }

  get mounts(): readonly ResolvedMount[] {
    return (this.container.volumeMounts ?? []).map((mount) => ({
      mount,
      volumeName: mount.name,
      subPath: mount.subPathExpr === undefined ? (mount.subPath ?? '') : this.#subPath(mount.subPathExpr),
      readOnly: mount.readOnly ?? false,
    }));
  }

  get securityContext(): SecurityContext | undefined {
    return effectiveSecurity(this.#input.pod.spec?.securityContext, this.container.securityContext);
  }

  #resolve(): ReadonlyMap<string, string> {
    const { pod, container, services, source, facts } = this.#input;
    return (this.#variables ??= resolveEnvironment(pod, container.spec, services(), source, facts));
  }

  #expanded(words: readonly string[] | undefined): readonly string[] | undefined {
    if (words === undefined || words.length === 0) return undefined;
    if (!words.some((word) => word.includes('$'))) return words;
    const variables = this.#resolve();
    return words.map((word) => expandVariables(word, (name) => variables.get(name)));
  }

  #subPath(expression: string): string {
    const variables = this.#resolve();
    const unknown: string[] = [];
    const path = expandVariables(
      expression,
      (name) => variables.get(name),
      (name) => unknown.push(name),
    );
    if (unknown.length > 0)
      throw new RuntimeError(
        'RUNTIME_CONFIG',
        `failed to expand subPathExpr ${JSON.stringify(expression)}: missing value for ${unknown.join(', ')}`,
      );
    return path;
  }
}

/** The container's own settings over those of its pod. */
export function effectiveSecurity(pod: PodSecurityContext | undefined, own: SecurityContext | undefined): SecurityContext | undefined {
  if (pod === undefined) return own;
  const { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions, seccompProfile, appArmorProfile, windowsOptions } = pod;
  const inherited = { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions, seccompProfile, appArmorProfile, windowsOptions };
  const given = Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined)) as SecurityContext;
  const merged = { ...given, ...own };
  return Object.keys(merged).length === 0 ? undefined : merged;
}
