export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const PARTITIONS = ["block-cyclic", "contiguous"] as const;
export type Partition = (typeof PARTITIONS)[number];

/**
 * The settings of a worker. The worker reads each one from an environment variable of the same name (`totalWorkers` from
 * `TOTAL_WORKERS`), `sweep run` takes most of them as options, and a Job's ConfigMap holds them. `SETTINGS` declares the schema,
 * the default and the option of each; a test compares its texts with the documentation here.
 */
export interface WorkerSettings {
  /**
   * Number of the share that this worker computes. A whole number from 0 to one less than `totalWorkers`. In a pod of an Indexed Job
   * it falls back to `JOB_COMPLETION_INDEX`, which Kubernetes sets.
   * @example 0
   */
  readonly workerId: number;

  /**
   * Number of workers. A Job and `--partition` divide the parameters into as many shares. A whole number from 1 to 100,000. It does not change
   * the results: a run that goes on with another number of workers keeps the parameters that are committed.
   * @example 3
   */
  readonly totalWorkers: number;

  /**
   * Number of parameters, which are the whole numbers from 0 to one less. From 0 to 9,007,199,254,740,991.
   * @example 10000000
   */
  readonly totalParameters: number;

  /**
   * Number of parameters in a block, which is computed and committed as a unit. A whole number from 1 to 10,000,000; a run has
   * 10,000,000 blocks at most.
   * @default 10000
   */
  readonly batchSize?: number | undefined;

  /**
   * How blocks are distributed to workers, block-cyclic or contiguous. `block-cyclic` deals blocks in rounds, so that all workers end
   * together even where the cost of a parameter grows with its number; `contiguous` gives each worker one range. `sweep run` without it
   * has no shares: workers take work from one another.
   * @default "block-cyclic"
   */
  readonly partition?: Partition | undefined;

  /**
   * Seed of the random numbers and of the partition. A whole number from 0 to 9,007,199,254,740,991.
   * @default 0
   */
  readonly seed?: number | undefined;

  /**
   * Name of a bundled evaluation, or path of a module. A module exports `evaluate` or `evaluateBlock`. A worker also takes `results:`, the
   * bundle that lies beside the results.
   * @default "collatz"
   */
  readonly evaluation?: string | undefined;

  /**
   * Command line of a program that evaluates instead of a module. The program reads one line of JSON for each parameter, and answers
   * each with one line.
   * @default - none
   * @example "python3 evaluations/evaluate.py"
   */
  readonly evaluationCommand?: string | undefined;

  /**
   * Names of the results of the evaluation command, in their order. A module exports its own `columns` instead. The variable and the
   * option separate the names by commas.
   * @default - one column, value
   * @example ["steps", "peak"]
   */
  readonly resultColumns?: readonly string[] | undefined;

  /**
   * Number of parameters that a worker evaluates at the same time, for an evaluation that waits. A whole number from 1 to 10,000. A
   * module may export its own `concurrency`, which this setting replaces; a program is started that many times in each worker. It
   * does not change the results.
   * @default - concurrency of the module, or 1
   * @example 64
   */
  readonly evaluationConcurrency?: number | undefined;

  /**
   * Seconds that one parameter may take, or 0 for no limit. From 0 to 1,000,000. A parameter that takes longer has failed.
   * @default 60
   */
  readonly evaluationTimeoutSeconds?: number | undefined;

  /**
   * MiB of memory that a worker may use, its evaluation included. A whole number from 64 to 16,777,216. An evaluation that comes near
   * is ended, and the parameter that needs so much has failed; the kernel would end the supervisor with it. Only Linux has it.
   * @default - the limit of the container; `sweep run` divides it by its workers
   * @example 512
   */
  readonly memoryLimitMiB?: number | undefined;

  /**
   * Seconds that the evaluation may take to finish the parameter in work when the worker is asked to stop. From 0 to 60. A pod has 100 s
   * from SIGTERM to its end. `sweep run` stops at once unless this is given, and a second Ctrl-C always ends it at once.
   * @default 20
   */
  readonly stopGraceSeconds?: number | undefined;

  /**
   * Number of failed parameters that a worker records before it gives up. A whole number from 0. `sweep run` applies it to all its
   * workers together.
   * @default 10000
   */
  readonly maxFailures?: number | undefined;

  /**
   * URL of the run's results, file:<directory> or s3://<bucket>/<prefix>.
   * @default - file:./results/<evaluation>-<hash>
   * @example "s3://bucket/runs/first"
   */
  readonly resultsUrl?: string | undefined;

  /**
   * Milliseconds that S3 may take to answer a request, before the worker sends it again. A whole number from 1 to 3,600,000.
   * @default 20000
   */
  readonly s3RequestTimeoutMs?: number | undefined;

  /**
   * Milliseconds to sleep before each parameter, to rehearse a slow evaluation. From 0 to 3,600,000.
   * @default 0
   */
  readonly simulateWorkMs?: number | undefined;

  /**
   * Least severe messages that a worker logs. One of trace, debug, info, warn, error and silent.
   * @default "info"
   */
  readonly logLevel?: LogLevel | undefined;
}

export type SettingName = keyof WorkerSettings;
