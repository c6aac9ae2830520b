import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bridgesOf } from './docker-fixture.ts';
import { daemonWeathers } from './daemon-weather.ts';
import { canStartDockerd, OwnDockerd, ownSubnet } from './own-dockerd.ts';
import { WeatherField } from './weather-field.ts';

const here = canStartDockerd();
const name = (liveRestore: boolean): string => `daemon-${process.pid}-${liveRestore}`;

describe.runIf(here).each([
  { title: 'a daemon whose containers die with it', liveRestore: false, subnet: ownSubnet(228) },
  { title: 'a daemon with live-restore', liveRestore: true, subnet: ownSubnet(229) },
])('$title', { timeout: 600_000 }, ({ liveRestore, subnet }) => {
  let dockerd: OwnDockerd;
  let field: WeatherField;
  beforeAll(async () => {
    dockerd = await OwnDockerd.start({ subnet, liveRestore, diskMb: 64 });
    field = await WeatherField.open(name(liveRestore), { dockerd });
  });
  afterAll(async () => {
    await field?.close();
    await dockerd?.close();
    const left = bridgesOf(name(liveRestore));
    if (left.length > 0) throw new Error(`bridges that were left: ${left.join(', ')}`);
  });

  // A full disk and a daemon that stands still are the same with both: once is enough here, the soak has them with each.
  const kinds = daemonWeathers(liveRestore).filter((weather) => !liveRestore || !/disk|stands still/.test(weather.name));
  test.each(kinds.map((weather, n) => ({ n, weather, title: weather.name })))('$title', async ({ n, weather }) => {
    await expect(field.run(n, weather)).resolves.toBeUndefined();
  });
});
