/** Limits that both halves know: the worker keeps them, and the infrastructure refuses a job beyond them at synthesis. */
export const LIMITS = {
  /**
   * Most workers of a run: the most completions and parallel pods of an Indexed Job (`completionsSoftLimit` and
   * `maxParallelismForIndexedJob`).
   * @see https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/batch/validation/validation.go
   */
  workers: 100_000,
  /** Most blocks of a run. Every worker enumerates all blocks in memory: 10 million take 80 MB and some seconds. */
  blocks: 10_000_000,
  /** Most parameters in a block: a block of 10 million values takes 80 MB for each column. */
  batchSize: 10_000_000,
  /**
   * Most blocks that a worker keeps in its temporary directory on their way to S3: enough to hide the time that a request takes,
   * and few enough for the temporary storage of a pod.
   */
  spooledBlocks: 32,
  /** Bytes of results that a worker may hold on their way to S3, unless two blocks are larger: each byte is in memory while it is sent. */
  bytesInFlight: 32 * 1024 ** 2,
  /** Longest simulated work: an hour. */
  simulateWorkMs: 3_600_000,
  /** Most parameters in flight in a worker: each takes some kilobytes, and a socket if it calls a service. */
  evaluationConcurrency: 10_000,
  /** Longest timeout of one parameter: eleven days. */
  evaluationTimeoutSeconds: 1_000_000,
  /** Most memory of a worker: 16 TiB. */
  memoryLimitMiB: 16_777_216,
  /** Longest grace at a stop. A pod has 100 s from SIGTERM to SIGKILL, and blocks on their way to a bucket may take 30 of them. */
  stopGraceSeconds: 60,
  /** Longest timeout of a request to S3: an hour. */
  s3RequestTimeoutMs: 3_600_000,
  /** Most slots of an executor: a request to SQS receives as many messages. */
  executorSlots: 10,
  /** Longest slice: an hour. */
  sliceSeconds: 3_600,
} as const;

/**
 * The finished part of a long block is completed this often, in milliseconds, however large blocks are: that is how much work a
 * kill may cost. In a bucket each part is an object and a request: at one a second, requests would cost as much as the spot
 * machine.
 */
export const COMPLETE_EVERY_MS = { file: 1_000, s3: 10_000 } as const;
