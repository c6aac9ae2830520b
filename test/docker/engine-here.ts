import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';
import { testEngine } from './test-images.ts';

/** Whether an engine answers here. Says loudly what does not run if none does; in CI that is a failure. */
export async function engineHere(suites: string): Promise<boolean> {
  if (await DockerRuntime.isAvailable({}, { timeoutMs: patienceMs })) return true;
  if (process.env.CI === 'true') throw new Error(`no Docker engine answers, and CI has to have one: ${suites} cannot run`);
  console.warn(`*** no Docker engine answers (DOCKER_HOST, docker context, the usual sockets): ${suites} DO NOT RUN. ***`);
  return false;
}

/** Whether the engine that answers here knows the given minor version of API 1. Says loudly what does not run if it does not. */
export async function speaks(minor: number, suites: string): Promise<boolean> {
  const engine = await testEngine();
  engine.close();
  const knows = engine.speaks(minor);
  if (!knows) console.warn(`*** the engine here speaks API ${engine.apiVersion}, not yet 1.${minor}: ${suites} DO NOT RUN. ***`);
  return knows;
}
