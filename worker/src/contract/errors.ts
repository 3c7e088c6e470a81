/**
 * Exit codes of `sweep`. The Job's pod failure policy reads those of `sweep worker`.
 *
 * `TRY_AGAIN` is EX_TEMPFAIL of sysexits.h. A shell reports `TERMINATED` for a process that SIGTERM ended (128 + 15).
 */
export const EXIT_CODE = {
  /** Every parameter is committed. Some of them may have failed, as the output says. */
  DONE: 0,
  /** A command, an option or an argument is unknown or missing; or the evaluation that `sweep replay` called failed. */
  USAGE: 1,
  /** Another attempt would fail the same way: a wrong value, permissions, a broken evaluation, too many failures, no result at all. */
  PERMANENT: 42,
  /** Another attempt may succeed: a full disk, an unreachable bucket, incomplete results. */
  TRY_AGAIN: 75,
  /** Ctrl-C stopped the command. Committed parameters stay, and the same command resumes a run. */
  INTERRUPTED: 130,
  /** SIGTERM or SIGHUP stopped the command. Committed parameters stay, and the same command resumes a run. */
  TERMINATED: 143,
} as const;

/** The documentation of {@link EXIT_CODE}, for help and the reference. A test compares the two. */
export const EXIT_CODE_MEANINGS: Readonly<Record<keyof typeof EXIT_CODE, string>> = {
  DONE: "Every parameter is committed. Some of them may have failed, as the output says.",
  USAGE:
    "A command, an option or an argument is unknown or missing; or the evaluation that `sweep replay` called failed.",
  PERMANENT:
    "Another attempt would fail the same way: a wrong value, permissions, a broken evaluation, too many failures, no result at all.",
  TRY_AGAIN: "Another attempt may succeed: a full disk, an unreachable bucket, incomplete results.",
  INTERRUPTED: "Ctrl-C stopped the command. Committed parameters stay, and the same command resumes a run.",
  TERMINATED: "SIGTERM or SIGHUP stopped the command. Committed parameters stay, and the same command resumes a run.",
};

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** An error whose message explains everything that a user needs. Programs print it without its stack. */
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

/** The most characters of a description. */
const DESCRIPTION_LENGTH = 1000;

/**
 * For example `RangeError: Invalid array length`; for a value that is no Error, the value. It never throws, although everything that
 * it asks the value for may be a user's code: `toString`, a getter, the traps of a proxy.
 */
export function describeError(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  } catch {
    text = describePartly(error);
  }
  return shorten(text, DESCRIPTION_LENGTH);
}

/** The parts that can be read of an error that cannot be described as a whole. */
function describePartly(error: unknown): string {
  if (!isInstance(error, Error)) return `threw ${withoutDescription(error)}`;
  const name = textOr(() => String(error.name), "a name that cannot be read");
  const message = textOr(() => String(error.message), "a message that cannot be read");
  // Two texts that are too long together would throw.
  const cut = (part: string) => part.slice(0, DESCRIPTION_LENGTH + 1);
  return `${cut(name)}: ${cut(message)}`;
}

/** `value instanceof type`, which throws for a revoked proxy, and for one whose trap throws. */
export function isInstance<T>(value: unknown, type: new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** A text that a user's code makes, or another one if that code throws. */
export function textOr(make: () => string, otherwise: string): string {
  try {
    return make();
  } catch {
    return otherwise;
  }
}

/** A description of a value that fails to describe itself. */
export function withoutDescription(value: unknown): string {
  return `${typeof value === "function" ? "a function" : "an object"} that cannot be described`;
}

export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

/** The place refuses a request, for lack of permission. A change of a role may take seconds until it is in effect everywhere. */
export class RefusedError extends PermanentError {}

/** The place refuses to be written, for lack of permission or because all of it is read-only. */
export class ReadOnlyError extends RefusedError {}

const FILE_ERRORS: Readonly<Record<string, (path: string) => SweepError>> = {
  ENOSPC: (path) =>
    new TemporaryError(`no space left on the disk of ${path}: free some and run the same command again`),
  EDQUOT: (path) =>
    new TemporaryError(`the disk quota of ${path} is used up: free some and run the same command again`),
  EFBIG: (path) => new PermanentError(`${path} is larger than the file system or ulimit -f allows`),
  EACCES: (path) =>
    new ReadOnlyError(`no permission to read or write ${path}: choose another place, or change its permissions`),
  EPERM: (path) =>
    new ReadOnlyError(`no permission to read or write ${path}: choose another place, or change its permissions`),
  EROFS: (path) => new ReadOnlyError(`${path} is on a read-only file system: choose another place`),
  ENOTDIR: (path) => new PermanentError(`${path} is not in a directory: choose another place`),
  EEXIST: (path) => new PermanentError(`${path} is a file: choose another place`),
};

/** Explains a failed file operation. An error that is explained already stays as it is. */
export function explainFileError(error: unknown, path: string): SweepError {
  if (error instanceof SweepError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const explained = code === undefined ? undefined : FILE_ERRORS[code]?.(path);
  return explained ?? new TemporaryError(`cannot use ${path}: ${message}`, { cause: error });
}
