import type { PodManifest, PodSpec, PodStatus } from '../api/generated/models.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod/annotations.ts';
import { endOfPod, podColumns } from './pod/pod-columns.ts';
import { validatePodSpec } from './pod/pod-spec.ts';
import { completeStatus, validatePodStatusUpdate } from './pod/pod-status.ts';
import { validatePodUpdate } from './pod/pod-update.ts';
import { defaultPodSpec, defaultTerminationGracePeriodSeconds, podSpecOfPod } from './pod/default-pod-spec.ts';
import { qosClassOf } from './pod/quality-of-service.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { Handle } from '../api/handle.ts';
import { logLines } from '../api/log-lines.ts';
import type { ContainerChoice, ExecOptions, ExecSession, LogOptions, PortForward } from '../api/streams.ts';
import { WaitFailedError, WaitTimeoutError } from '../errors.ts';
import { podFailure, podReached, type PodWaitCondition } from './pod/pod-wait.ts';
import { runToEnd, type CommandResult } from './pod/command-result.ts';

function validateSpecOfAnyPod(spec: PodSpec, path: string, errors: FieldErrors): void {
  validatePodSpec(spec, '', path, errors);
}

/** What every pod must fulfil, new or changed. */
function validatePod(pod: PodManifest, errors: FieldErrors): void {
  const spec = pod.spec ?? { containers: [] };
  validatePodAnnotations(pod.metadata?.annotations, spec, 'metadata.annotations', errors);
  // Only claims that are made for a pod's volumes depend on its name; everything else is the same for all pods of a template.
  if (spec.volumes?.some((volume) => volume.ephemeral !== undefined) === true)
    validatePodSpec(spec, pod.metadata?.name ?? '', 'spec', errors);
  else errors.check(validateSpecOfAnyPod, spec, 'spec');
  if ((spec.serviceAccountName ?? '') !== '') return;
  for (const [v, volume] of (spec.volumes ?? []).entries()) {
    for (const [s, source] of (volume.projected?.sources ?? []).entries()) {
      if (source.serviceAccountToken === undefined) continue;
      const path = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
      errors.forbidden(path, 'must not be specified when serviceAccountName is not set');
    }
  }
}

function validateNewPod(pod: PodManifest, errors: FieldErrors): void {
  const spec = pod.spec;
  if (spec === undefined) return;
  if ((spec.ephemeralContainers ?? []).length > 0) errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if ((spec.nodeName ?? '') !== '' && (spec.schedulingGates ?? []).length > 0) {
    errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
  validateProfilesMatch(pod.metadata?.annotations, spec, 'spec', errors);
}

export const podKind: KindDescriptor<PodManifest> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  model: 'Pod',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  returnsDeleted: true,
  sharesSpec: true,
  // Nothing runs for a Pod that is bound to no node or has ended: there is nobody to be graceful to.
  gracePeriodSeconds: (pod) =>
    (pod.spec?.nodeName ?? '') === '' || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
      ? 0
      : (pod.spec?.terminationGracePeriodSeconds ?? defaultTerminationGracePeriodSeconds),
  applyDefaults: (draft) => {
    if (draft.spec === undefined) return;
    defaultPodSpec(draft.spec);
    draft.spec = podSpecOfPod(draft.spec) as Draft<PodSpec>;
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending', ...(draft.spec?.containers === undefined ? {} : { qosClass: qosClassOf(draft.spec) }) };
  },
  prepareForUpdate: (draft, old) => {
    if (old.status !== undefined) draft.status = old.status as NonNullable<typeof draft.status>;
  },
  prepareForStatusUpdate: (draft, old) => {
    draft.status = completeStatus(draft.status as PodStatus | undefined, old.status) as NonNullable<typeof draft.status>;
  },
  validate: validatePod,
  validateCreate: validateNewPod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  columns: podColumns,
  rowConditions: ({ status }) => endOfPod(status?.phase),
};

/** What `pod.waitFor` takes besides the time allowed. */
export interface PodWaitOptions extends WaitOptions {
  /** Fail as soon as it can no longer happen (an image that cannot be pulled, a Pod that fits nowhere). True unless given. */
  readonly failFast?: boolean;
}

/**
 * One or more containers that run together on one node.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/
 *
 * @example
 * const pod = await cluster.create(new Pod({ metadata: { name: 'job' }, spec: { containers: [{ name: 'c', image: 'job:1' }] } }));
 * await pod.waitFor('Succeeded');
 */
export class Pod extends Handle<PodManifest> {
  constructor(manifest: PodManifest, client?: Client) {
    super(podKind, manifest, client);
  }

  get spec(): NonNullable<PodManifest['spec']> {
    return this.object.spec!;
  }

  get status(): NonNullable<PodManifest['status']> {
    return this.object.status ?? {};
  }

  /** Pending, Running, Succeeded, Failed or Unknown. */
  get phase(): string {
    return this.status.phase ?? 'Pending';
  }

  /** The Pod's address; undefined until it has one. */
  get ip(): string | undefined {
    return this.status.podIP;
  }

  /** The node it is bound to; undefined while it is bound to none. */
  get nodeName(): string | undefined {
    return this.spec.nodeName;
  }

  get ready(): boolean {
    return podReached(this.object, 'Ready');
  }

  /** Output, line by line. With `follow` it goes on until the container ends, or the signal fires. */
  logs(options: LogOptions & ContainerChoice & { readonly previous?: boolean } = {}): AsyncGenerator<string, void, undefined> {
    return logLines(this.client.streams.logs(this.at, options));
  }

  /** Runs a command in a container to its end. `stdin` is sent to it. */
  async exec(
    command: readonly string[],
    options: Omit<ExecOptions, 'command' | 'stdin'> & ContainerChoice & { readonly stdin?: string } = {},
  ): Promise<CommandResult> {
    const { stdin, ...rest } = options;
    return runToEnd(await this.client.streams.exec(this.at, { ...rest, command, stdin: stdin !== undefined }), stdin);
  }

  /** A command with its streams, for what talks back and forth. */
  execSession(options: ExecOptions & ContainerChoice): Promise<ExecSession> {
    return this.client.streams.exec(this.at, options);
  }

  /** Opens a port of this machine that leads to a port of the Pod. `await using` closes it. */
  portForward(port: number, options: { readonly localPort?: number; readonly host?: string } = {}): Promise<PortForward> {
    return this.client.streams.forwardPort(this.at, port, options);
  }

  /** Waits for a condition, a phase, or the end. Throws `WaitFailedError` if it can no longer happen, `WaitTimeoutError` after the time. */
  async waitFor(condition: PodWaitCondition, options: PodWaitOptions = {}): Promise<this> {
    if (condition === 'Deleted') {
      await this.waitForDeletion(options);
      return this;
    }
    const check = (): this | undefined => {
      if (podReached(this.object, condition)) return this;
      const failure = options.failFast === false ? undefined : podFailure(this.object, condition);
      if (failure !== undefined)
        throw new WaitFailedError(`${this.what} will not become ${condition}: ${failure}`, this.evidence(), { object: this.ref });
      return undefined;
    };
    try {
      return await this.client.waitFor(`${this.what} to be ${condition}`, check, () => this.evidence(), options);
    } catch (error) {
      if (error instanceof WaitTimeoutError)
        throw new WaitTimeoutError(
          `timed out waiting for ${this.what} to be ${condition}`,
          `${this.evidence()}\n${await this.#endOfLog()}`,
          { object: this.ref },
        );
      throw error;
    }
  }

  async #endOfLog(): Promise<string> {
    const lines: string[] = [];
    try {
      for await (const line of this.logs({ tailLines: 10 })) lines.push(`  ${line}`);
    } catch {
      return 'log: none';
    }
    return lines.length === 0 ? 'log: empty' : `end of the log:\n${lines.join('\n')}`;
  }
}
