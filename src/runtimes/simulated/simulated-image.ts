import type { Duplex } from 'node:stream';
import type { Instant } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';
import type { HookHandler, ProbeHandler, ProbeResult } from '../runtime.ts';

/** Milliseconds: always the same, or drawn evenly from `[least, most]`. */
export type SimulatedDuration = number | readonly [least: number, most: number];

/** What a script may look at: the container it is about, and the time. */
export interface SimulatedContext {
  readonly nodeName: string;
  readonly podNamespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly containerName: string;
  /** Restart count of this container, from 0. */
  readonly attempt: number;
  readonly startedAtMs: Instant;
  readonly nowMs: Instant;
  /** Seeded: the same cluster seed gives the same numbers. */
  readonly random: Random;
}

export interface SimulatedExecResult {
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** A scripted line of output. */
export interface SimulatedLogLine {
  /** Milliseconds after the container started. */
  readonly afterMs: number;
  readonly text: string;
  readonly stream?: 'stdout' | 'stderr';
}

/**
 * How containers of one image behave. Everything is optional: without a word an image is pulled, starts, is ready at once, runs for
 * ever, uses nothing, and ends with 143 soon after SIGTERM. One description serves every container of the image: nothing is kept
 * per pod. Functions must be pure: they are called as often as somebody asks.
 *
 * @example
 * const web: SimulatedImage = { startMs: [20, 80], readyAfterMs: 500, cpuCores: (ctx) => (ctx.podName.endsWith('0') ? 0.9 : 0.1) };
 * const job: SimulatedImage = { runsForMs: [1000, 3000], exitCode: (ctx) => (ctx.attempt === 0 ? 1 : 0) };
 */
export interface SimulatedImage {
  /** False: the registry does not know it (`RUNTIME_IMAGE_NOT_FOUND`). */
  readonly exists?: boolean;
  readonly sizeBytes?: number;
  readonly pullMs?: SimulatedDuration;
  readonly startMs?: SimulatedDuration;
  /** Milliseconds after the start from which probes succeed; 0 unless given. */
  readonly readyAfterMs?: number;
  /** Ends by itself after this time, with `exitCode`; runs for ever unless given. */
  readonly runsForMs?: SimulatedDuration;
  /** 0 unless given. */
  readonly exitCode?: number | ((context: SimulatedContext) => number);
  /** The termination message written when it ends by itself. */
  readonly terminationMessage?: string;
  /** Is killed for its memory this long after it started: 137, `OOMKilled`. */
  readonly oomAfterMs?: SimulatedDuration;
  /** From SIGTERM to the end; `never` ignores SIGTERM and is killed when the grace period is over. */
  readonly stopMs?: SimulatedDuration | 'never';
  /** 143 unless given. */
  readonly stopExitCode?: number;
  /** CPU in use, in cores; 0 unless given. */
  readonly cpuCores?: number | ((context: SimulatedContext) => number);
  /** Memory in use, in bytes; 0 unless given. */
  readonly memoryBytes?: number | ((context: SimulatedContext) => number);
  /** Everything the container writes, in order of time. */
  readonly logs?: readonly SimulatedLogLine[] | ((context: SimulatedContext) => readonly SimulatedLogLine[]);
  /** Answers `exec`, and exec probes and hooks. */
  readonly exec?: (command: readonly string[], context: SimulatedContext) => SimulatedExecResult;
  /** Undefined: as `exec` and `readyAfterMs` say. */
  readonly probe?: (handler: ProbeHandler, context: SimulatedContext) => ProbeResult | undefined;
  /** Returns why the hook failed, or undefined if it did not. */
  readonly hook?: (handler: HookHandler, context: SimulatedContext) => string | undefined;
  /** Answers a port-forward; refused unless given. */
  readonly connect?: (port: number, context: SimulatedContext) => Duplex | undefined;
}

/** A number for a duration. Draws only if there is something to draw, so that fixed durations do not move the dice. */
export function drawDuration(duration: SimulatedDuration, random: Random): number {
  if (typeof duration === 'number') return duration;
  const [least, most] = duration;
  return least + random.integer(Math.max(0, most - least) + 1);
}
