import type { KindIndex } from '../../../src/api/kind-index.ts';
import { builtInControllers, selectControllers } from '../../../src/controllers/built-in-controllers.ts';
import type { Controller } from '../../../src/controllers/controller.ts';

/** Built-in control loops by their names, as `--controllers` takes them. */
export const builtIn =
  (selection: string) =>
  (kinds: KindIndex): readonly Controller[] =>
    selectControllers(selection, builtInControllers({ kinds }));
