import { readdirSync, readFileSync } from 'node:fs';
import { restarted, untouched } from './weather.ts';
import type { Sky, Weather } from './weather.ts';

/** The shim processes that hold the given containers. */
function shimsOf(ids: readonly string[]): readonly number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'latin1');
      return command.includes('containerd-shim') && ids.some((id) => command.includes(id)) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

const comesBack =
  (signal: NodeJS.Signals) =>
  async ({ dockerd }: Sky): Promise<void> => {
    await dockerd!.stop(signal);
    await dockerd!.start();
  };

/** Then it lists the network of pods, and does not have it: as when several engines of a machine start at once, and clear away each other's. */
const withoutRules: Weather = {
  name: 'the daemon is restarted, and cannot make the rules of the pod network',
  during: async ({ dockerd }) => {
    await dockerd!.stop('SIGTERM');
    dockerd!.takeRules(false);
    await dockerd!.start();
    dockerd!.takeRules(true);
  },
  holds: restarted,
  clear: async ({ dockerd }) => dockerd!.takeRules(true),
};

/** What befalls the daemon itself. With live-restore containers have to go on as they were. */
export function daemonWeathers(liveRestore: boolean): readonly Weather[] {
  const holds = liveRestore ? untouched : restarted;
  return [
    { name: 'the daemon is restarted', during: comesBack('SIGTERM'), holds },
    { name: 'the daemon is restarted, with a sandbox', during: comesBack('SIGTERM'), holds },
    { name: 'the daemon is killed and started', during: comesBack('SIGKILL'), holds },
    { name: 'the daemon is killed and started, with a sandbox', during: comesBack('SIGKILL'), holds },
    // With live-restore containers keep what they have, and others cannot start until those have gone.
    ...(liveRestore ? [] : [withoutRules]),
    {
      name: 'the daemon stands still for three seconds',
      during: async ({ dockerd }) => {
        dockerd!.freeze(true);
        await dockerd!.pause(3000);
        dockerd!.freeze(false);
      },
    },
    {
      name: 'shims are killed',
      during: async ({ running }) => {
        const shims = shimsOf(await running());
        if (shims.length === 0) throw new Error('no shim was found');
        for (const pid of shims) process.kill(pid, 'SIGKILL');
      },
      holds: restarted,
    },
    {
      name: 'the disk is full, and a container dies meanwhile',
      during: async ({ dockerd, engine, running }) => {
        dockerd!.fillDisk();
        for (const id of await running()) await engine.json('kill', { method: 'POST', path: `/containers/${id}/kill` });
        await dockerd!.pause(4000);
        dockerd!.emptyDisk();
      },
      holds: restarted,
      clear: async ({ dockerd }) => dockerd!.emptyDisk(),
    },
    {
      name: 'the disk is full when the pod is made',
      before: ({ dockerd }) => {
        dockerd!.fillDisk();
        void dockerd!.pause(4000).then(() => dockerd!.emptyDisk());
      },
      clear: async ({ dockerd }) => dockerd!.emptyDisk(),
    },
  ];
}
