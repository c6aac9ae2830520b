/** What a log line carries besides its text. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the cluster writes what it does; pino's shape, so that a pino logger fits. Silent unless the host gives one. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
