/** How far a worker is with its share, or with the ranges that it was given. */
export interface WorkerProgress {
  /** Parameters of the share. A worker that takes ranges from others has no share: those that it has done, and those of its last range. */
  readonly share: number;
  /** Parameters of the share that were committed before this start. */
  readonly resumed: number;
  /** Parameters that this start has committed. */
  readonly committed: number;
  /** Parameters that are done, in blocks that are not committed yet. */
  readonly inBlock: number;
  /** Parameters that failed since this start. */
  readonly failed: number;
}

/** The part of a pino logger that a worker writes to. */
export interface WorkerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** How a program follows and stops a worker. */
export interface RunWorkerHooks {
  /** Stops the worker: it commits what is finished, as far as `stopGraceSeconds` allows, and rejects with a {@link StoppedError} that says so. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the worker starts with its share, and then about ten times a second. */
  readonly onProgress?: (progress: WorkerProgress) => void;
  /**
   * The log of the worker.
   *
   * @default no log
   */
  readonly log?: WorkerLog;
}

export const NO_LOG: WorkerLog = { info: () => {}, warn: () => {} };
