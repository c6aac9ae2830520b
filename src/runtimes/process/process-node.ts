import type { Clock } from '../../env/clock.ts';
import type { Logger } from '../../env/logger.ts';
import { unsupported } from '../runtime-failure.ts';
import type { ControlGroups } from './control-groups.ts';
import type { Launcher } from './launcher.ts';
import { findProgram } from './process-image.ts';
import type { ProcessGuard } from './process-guard.ts';
import type { ProcessScanner } from './process-scanner.ts';

/** What the containers of a node share while it is open. */
export class ProcessNode {
  readonly clock: Clock;
  readonly logger: Logger;
  /** True if containers outlive the host. */
  readonly keep: boolean;
  readonly scanner: ProcessScanner;
  /** Absent where containers outlive the host. */
  readonly guard: ProcessGuard | undefined;
  readonly launcher: Launcher;
  /** Absent where this user or machine has none. */
  readonly groups: ControlGroups | undefined;
  readonly #onChange: (podUid: string) => void;

  constructor(parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly keep: boolean;
    readonly scanner: ProcessScanner;
    readonly guard: ProcessGuard | undefined;
    readonly launcher: Launcher;
    readonly groups: ControlGroups | undefined;
    readonly onChange: (podUid: string) => void;
  }) {
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.keep = parts.keep;
    this.scanner = parts.scanner;
    this.guard = parts.guard;
    this.launcher = parts.launcher;
    this.groups = parts.groups;
    this.#onChange = parts.onChange;
  }

  changed(podUid: string): void {
    this.#onChange(podUid);
  }

  /** @throws RuntimeError `RUNTIME_UNSUPPORTED` where there is nothing that makes terminals. */
  async terminalProgram(): Promise<string> {
    const script = await findProgram('script', '/', process.env.PATH ?? '');
    if (script === undefined)
      throw unsupported('process', 'terminals on this machine', 'install the command "script" (util-linux), or ask for no tty');
    return script;
  }
}
