import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SeededRandom } from 'coxswain';
import { engineHere } from './engine-here.ts';
import { WeatherField } from './weather-field.ts';
import { drawWeather, weathers } from './weather.ts';

const seed = 20_260;
/** A seeded part; `npm run soak:docker` makes 1,000 runs. */
const runs = 5;
let field: WeatherField;

describe.runIf(await engineHere('weather on Docker'))(`weather, seed ${seed}`, () => {
  beforeAll(async () => {
    field = await WeatherField.open(`weather-${process.pid}`);
  });
  afterAll(() => field.close());

  test.each(drawWeather(weathers, runs, new SeededRandom(seed)).map((weather, n) => ({ n, weather, title: `${n}: ${weather.name}` })))(
    '$title',
    async ({ n, weather }) => {
      await expect(field.run(n, weather)).resolves.toBeUndefined();
    },
  );
});
