import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { canStartDockerd } from './own-dockerd.ts';
import { OwnTurn, turnFile } from './own-turn.ts';

test.runIf(canStartDockerd())('nobody else has the turn meanwhile', async () => {
  const turn = await OwnTurn.take();
  try {
    expect(spawnSync('flock', ['--exclusive', '--nonblock', turnFile, 'true']).status).toBe(1);
  } finally {
    await turn.give();
  }
  await (await OwnTurn.take()).give();
});
