import { RuntimeError } from '../errors.ts';
import type { WaitingReason } from './pod-memory.ts';

/** What a step of a container's start failed with, and when the next try is. */
export interface StartFailure extends WaitingReason {
  /** `pull`: image pull back-off. `crash`: crash loop back-off. `later`: after a fixed time, or when what was missing is there. */
  readonly repeat: 'pull' | 'crash' | 'later';
}

export type StartStep = 'pull' | 'create' | 'start' | 'postStart';

/** The waiting reason Kubernetes shows for a failed step. */
export function startFailure(step: StartStep, error: unknown): StartFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof RuntimeError ? error.code : '';
  if (code === 'RUNTIME_CONFIG') return { reason: 'CreateContainerConfigError', message, repeat: 'later' };
  switch (step) {
    case 'pull':
      if (code === 'RUNTIME_IMAGE_NEVER_PULL') return { reason: 'ErrImageNeverPull', message, repeat: 'later' };
      if (code === 'RUNTIME_IMAGE_INVALID') return { reason: 'InvalidImageName', message, repeat: 'later' };
      if (code === 'RUNTIME_REGISTRY_UNAVAILABLE')
        return { reason: 'ErrImagePull', message: `image pull failed because the registry is unavailable: ${message}`, repeat: 'pull' };
      return { reason: 'ErrImagePull', message, repeat: 'pull' };
    case 'create':
      return { reason: 'CreateContainerError', message, repeat: 'later' };
    case 'start':
      return { reason: 'RunContainerError', message, repeat: 'crash' };
    case 'postStart':
      return { reason: 'PostStartHookError', message, repeat: 'crash' };
  }
}
