/**
 * How a worker ends, as the Job's pod failure policy reads it.
 *
 * `TRY_AGAIN` is sysexits' EX_TEMPFAIL, `TERMINATED` what a shell reports of a process ended by SIGTERM (128 + 15).
 */
export const EXIT_CODE = {
  /** Every parameter of the share is committed. */
  DONE: 0,
  /** Another attempt would fail the same way: configuration, permissions, a broken evaluation, too many failures. */
  PERMANENT: 42,
  /** Another attempt may succeed: a full disk, an unreachable store, incomplete results. */
  TRY_AGAIN: 75,
  /** Ctrl-C; everything finished is on disk. */
  INTERRUPTED: 130,
  /** SIGTERM; everything finished is on disk. */
  TERMINATED: 143,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** An error whose message is the whole explanation a user needs: it is printed without a stack. */
export class SweepError extends Error {
  override readonly name: string = "SweepError";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Another attempt would fail the same way. */
export class PermanentError extends SweepError {
  override readonly name = "PermanentError";
  constructor(message: string, options?: ErrorOptions) {
    super(EXIT_CODE.PERMANENT, message, options);
  }
}

/** Another attempt may succeed. */
export class TemporaryError extends SweepError {
  override readonly name = "TemporaryError";
  constructor(message: string, options?: ErrorOptions) {
    super(EXIT_CODE.TRY_AGAIN, message, options);
  }
}

/** `RangeError: Invalid array length`; for what is not an Error, the value itself. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  return text.length > 1000 ? `${text.slice(0, 1000)}...` : text;
}

const FILE_ERRORS: Readonly<Record<string, (path: string) => SweepError>> = {
  ENOSPC: (path) =>
    new TemporaryError(`no space left on the disk of ${path}: free some and run the same command again`),
  EDQUOT: (path) =>
    new TemporaryError(`the disk quota of ${path} is used up: free some and run the same command again`),
  EFBIG: (path) => new PermanentError(`${path} is larger than the file system or ulimit -f allows`),
  EACCES: (path) => new PermanentError(`no permission to write to ${path}`),
  EPERM: (path) => new PermanentError(`no permission to write to ${path}`),
  EROFS: (path) => new PermanentError(`${path} is on a read-only file system: choose another place`),
  ENOTDIR: (path) => new PermanentError(`${path} is not in a directory: choose another place`),
  EEXIST: (path) => new PermanentError(`${path} is a file: choose another place`),
};

/** The explanation of a failed file operation; an error that is explained already is returned as it is. */
export function explainFileError(error: unknown, path: string): SweepError {
  if (error instanceof SweepError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const explained = code === undefined ? undefined : FILE_ERRORS[code]?.(path);
  return explained ?? new TemporaryError(`cannot use ${path}: ${message}`, { cause: error });
}
