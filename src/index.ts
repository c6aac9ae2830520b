// errors
export {
  AbortedError,
  AlreadyExistsError,
  ApiError,
  BadRequestError,
  ClosedError,
  CompactedError,
  ConfigurationError,
  ConflictError,
  CoxswainError,
  ExpiredError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  NotSettlingError,
  RuntimeError,
  StoreError,
  WaitFailedError,
  WaitTimeoutError,
} from './errors.ts';
export type { CoxswainErrorOptions, FieldCause, ObjectRef, StatusDetails } from './errors.ts';

// env
export type { Clock, Instant, SliceMeter, Timer } from './env/clock.ts';
export { silentLogger } from './env/logger.ts';
export type { LogFields, Logger } from './env/logger.ts';
export { ManualClock } from './env/manual-clock.ts';
export type { Random, SecureRandom } from './env/random.ts';
export { SeededRandom } from './env/seeded-random.ts';
export { SystemClock } from './env/system-clock.ts';
