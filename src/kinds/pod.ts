import type { PodManifest, PodSpec, PodStatus } from '../api/generated/models.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod/annotations.ts';
import { ephemeralContainersPart } from './pod/ephemeral-containers.ts';
import { endOfPod, podColumns } from './pod/pod-columns.ts';
import { validatePodSpec } from './pod/pod-spec.ts';
import { completeStatus, validatePodStatusUpdate } from './pod/pod-status.ts';
import { validatePodUpdate } from './pod/pod-update.ts';
import { defaultPodSpec, defaultTerminationGracePeriodSeconds, podSpecOfPod } from './pod/default-pod-spec.ts';
import { qosClassOf } from './pod/quality-of-service.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { abortable } from '../api/abortable.ts';
import { Handle } from '../api/handle.ts';
import { logLines } from '../api/log-lines.ts';
import type { Archive, CallOptions, ContainerChoice, ExecOptions, ExecSession, LogOptions, PortForward } from '../api/streams.ts';
import { ClosedError, ConfigurationError, NotFoundError, WaitFailedError, WaitTimeoutError } from '../errors.ts';
import { isPodWaitCondition, podFailure, podReached, type PodWaitCondition } from './pod/pod-wait.ts';
import { CommandRun, type CommandResult } from './pod/command-result.ts';

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

/** What a Pod's status says from the start if its scheduling gates hold it back. */
const gated = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
} as const;

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
    const { spec } = draft;
    draft.status = {
      phase: 'Pending',
      ...(spec?.containers === undefined ? {} : { qosClass: qosClassOf(spec) }),
      ...((spec?.schedulingGates ?? []).length === 0 ? {} : { conditions: [{ ...gated }] }),
    };
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
  parts: { ephemeralcontainers: ephemeralContainersPart },
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

/** How long beyond its grace period the end of a Pod may take. */
const disposeMarginMs = 60_000;

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
export class Pod extends Handle<PodManifest> implements AsyncDisposable {
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

  /** Output, line by line. With `follow` it goes on until the container ends, or the signal fires; somebody else turns the crank. */
  logs(options: LogOptions & ContainerChoice & { readonly previous?: boolean } = {}): AsyncGenerator<string, void, undefined> {
    return logLines(this.client.streams.logs(this.at, options));
  }

  /**
   * Runs a command in a container to its end. `stdin` is sent to it. With `timeoutMs` it has so long (no limit unless given): then it is
   * ended, and the call rejects with `WaitTimeoutError` and what it has written; with `AbortedError` if the signal fires.
   */
  async exec(
    command: readonly string[],
    options: Omit<ExecOptions, 'command' | 'stdin'> & ContainerChoice & { readonly stdin?: string } = {},
  ): Promise<CommandResult> {
    const { stdin, ...rest } = options;
    const { timeoutMs, signal } = rest;
    const what = `${command[0] ?? ''} in ${this.what}`;
    const session = await this.client.streams.exec(this.at, { ...rest, command, stdin: stdin !== undefined });
    const run = new CommandRun(session, stdin);
    const over = new AbortController();
    try {
      return await abortable(what, signal, () =>
        timeoutMs === undefined ? run.result : Promise.race([run.result, this.#late(`${what} to end`, run, timeoutMs, over.signal)]),
      );
    } finally {
      over.abort();
      await session.close();
    }
  }

  /** A command with its streams, for what talks back and forth. */
  execSession(options: ExecOptions & ContainerChoice): Promise<ExecSession> {
    return this.client.streams.exec(this.at, options);
  }

  /**
   * A file or folder of a running container as a tar archive, as it comes. Where the runtime cannot copy by itself (Docker can), the
   * image needs `tar`, as for `kubectl cp`. Rejects with `RUNTIME_COPY_FAILED`. `timeoutMs` is for its beginning, ten minutes unless given.
   *
   * @example
   * declare const pod: Pod;
   * const pieces: Uint8Array[] = [];
   * for await (const piece of await pod.copyFrom('/var/log/app')) pieces.push(piece);
   */
  copyFrom(path: string, options: CallOptions & ContainerChoice = {}): Promise<AsyncIterable<Uint8Array>> {
    return this.client.streams.copyFrom(this.at, path, options);
  }

  /** Unpacks a tar archive in a folder of a running container, which has to be there. Rejects with `RUNTIME_COPY_FAILED`. */
  copyTo(folder: string, archive: Archive, options: CallOptions & ContainerChoice = {}): Promise<void> {
    return this.client.streams.copyTo(this.at, folder, archive, options);
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
    if (!isPodWaitCondition(condition)) throw new ConfigurationError(`${this.what}: there is no ${JSON.stringify(condition)} to wait for`);
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
      if (!(error instanceof WaitTimeoutError || error instanceof WaitFailedError)) throw error;
      const evidence = `${error.evidence}\n${await this.#endOfLog()}`;
      const [first = ''] = error.message.split('\n', 1);
      throw error instanceof WaitFailedError
        ? new WaitFailedError(first, evidence, { object: this.ref })
        : new WaitTimeoutError(first, evidence, { object: this.ref });
    }
  }

  /** With `await using`: deletes the Pod and waits until it is gone. One that is gone already, or was never stored, is fine. */
  async [Symbol.asyncDispose](): Promise<void> {
    const uid = this.boundUid;
    if (uid === undefined || !this.exists || this.metadata.uid !== uid) return;
    const { terminationGracePeriodSeconds: grace = defaultTerminationGracePeriodSeconds } = this.spec;
    try {
      await this.delete({ preconditions: { uid } });
      await this.waitForDeletion({ timeoutMs: grace * 1000 + disposeMarginMs });
    } catch (error) {
      // The end of the cluster was its end, too.
      if (!(error instanceof NotFoundError || error instanceof ClosedError)) throw error;
    }
  }

  /** Rejects when the time is up, which passes by itself if nobody else turns the crank; or when nobody waits any more. */
  #late(what: string, run: CommandRun, timeoutMs: number, signal: AbortSignal): Promise<never> {
    return this.client.waitFor<never>(
      what,
      () => undefined,
      () => run.evidence(),
      { timeoutMs, signal },
    );
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
