import { join } from 'node:path';
import type { PodSpec } from '../../api/generated/models.ts';
import type { Instant } from '../../env/clock.ts';
import type { PodAttachment } from '../network/pod-network.ts';
import { Sandbox } from '../sandbox-book.ts';
import type { VolumeFolders } from '../volumes/volume-folders.ts';
import type { ProcessContainer } from './process-container.ts';

/** What of a pod its runtime needs to remember, in a form that can be written down. */
export interface ProcessPodRecord {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly attempt: number;
  readonly createdAtMs: Instant;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly ports: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP' }[];
  readonly declaresPorts: boolean;
}

/** True if a container of the pod declares a TCP port. */
export function declaresPorts(spec: PodSpec | undefined): boolean {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.some((container) => container.ports?.some(({ protocol }) => protocol === undefined || protocol === 'TCP'));
}

/** A pod of processes: its folder, its volumes, its address. */
export class ProcessPod extends Sandbox<ProcessContainer> {
  readonly record: ProcessPodRecord;
  readonly folder: string;
  readonly attachment: PodAttachment;
  readonly volumes: VolumeFolders;

  constructor(record: ProcessPodRecord, folder: string, attachment: PodAttachment, volumes: VolumeFolders) {
    super(record, record.attempt, record.createdAtMs, [attachment.ip]);
    this.record = record;
    this.folder = folder;
    this.attachment = attachment;
    this.volumes = volumes;
  }

  containerFolder(name: string, attempt: number): string {
    return join(this.folder, 'containers', `${name}.${attempt}`);
  }
}
