import { join } from "node:path";
import { withDefaults } from "../contract/declarations.ts";
import { PermanentError } from "../contract/errors.ts";
import { COMPLETE_EVERY_MS } from "../contract/limits.ts";
import { countOf, type Range, union } from "../parameters/ranges.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { Failure, ResultWriter, SpooledBlock } from "../stores/store.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";
import type { EvaluationSession } from "../supervisor/evaluation-session.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { type Measurement, measure, type Observation, type RawSample } from "./measurement.ts";
import { LARGEST_SAMPLE_BLOCK, SampleBlocks } from "./sample-blocks.ts";

/** Which parameters are sampled, and for how long. */
export interface SampleOptions {
  /** The sample is taken from the parameters 0 to one less than this. At least 1. */
  readonly totalParameters: number;
  /** Chooses the parameters. The evaluation draws from the seed that it was loaded with. @default 0 */
  readonly seed?: number | undefined;
  /** Seconds that one parameter may take; 0 is no limit. @default 60 */
  readonly evaluationTimeoutSeconds?: number | undefined;
  /** No block starts after this time; a block under way gets half as long again. */
  readonly seconds: number;
  /** Ends the sample early: the result is what was measured until then. */
  readonly signal?: AbortSignal | undefined;
  /** @param evaluations counts a parameter again when it is evaluated again. */
  readonly onProgress?: (elapsedSeconds: number, evaluations: number, failed: number) => void;
}

/** The part of a loaded evaluation that a sample needs. */
interface Sampled {
  readonly session: EvaluationSession;
  readonly columns: readonly string[];
}

/**
 * Evaluates parameters all over the range for some seconds, as a worker would, and measures what a parameter costs. No result is
 * kept.
 *
 * @param loaded what `loadEvaluation` returns. Its process is ended.
 * @throws PermanentError if not a single parameter was finished.
 */
export async function sample(loaded: Sampled, options: SampleOptions): Promise<Measurement> {
  const { signal } = options;
  const sampler = new Sampler(loaded, options);
  const stop = () => sampler.stop();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return measure(await sampler.run());
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Measures the time of each block. */
class Sampler {
  readonly #options: SampleOptions;
  readonly #supervisor: Supervisor;
  readonly #blocks: SampleBlocks;
  readonly #observations: Observation[] = [];
  readonly #evaluated: Range[] = [];
  readonly #failures: Failure[] = [];
  readonly #startedAt = performance.now();
  #lastAt = this.#startedAt;
  #evaluations = 0;

  constructor({ session, columns }: Sampled, options: SampleOptions) {
    const { totalParameters, seed, evaluationTimeoutSeconds } = withDefaults(options);
    this.#options = options;
    this.#blocks = new SampleBlocks(totalParameters, seed);
    this.#supervisor = new Supervisor({
      session,
      writer: this.#stopwatch(columns),
      batchSize: Math.min(LARGEST_SAMPLE_BLOCK, Math.max(1, totalParameters)),
      timeoutMs: evaluationTimeoutSeconds * 1000,
      // Failures are counted: their share is part of the measurement.
      maxFailures: Number.MAX_SAFE_INTEGER,
      onProgress: () => {},
    });
  }

  /** Ends the sample; {@link run} returns what was measured. */
  stop(): void {
    this.#supervisor.stop();
  }

  async run(): Promise<RawSample> {
    const { seconds, totalParameters } = this.#options;
    const isOver = () =>
      this.#elapsed >= seconds || (this.#evaluations >= totalParameters && this.#elapsed >= seconds / 10);
    const giveUp = setTimeout(() => this.stop(), 1500 * seconds);
    const ticking = setInterval(() => this.#report(), 200);
    try {
      const outcome = await this.#supervisor.run(this.#blocks.until(isOver));
      const unfinishedSeconds = outcome === "stopped" ? (performance.now() - this.#lastAt) / 1000 : undefined;
      if (this.#observations.length === 0) {
        throw new PermanentError(
          `no parameter was finished in ${Math.round(this.#elapsed)} s: give more than --seconds ${seconds}, or a smaller --timeout`,
        );
      }
      return {
        observations: this.#observations,
        evaluated: union(this.#evaluated),
        failures: this.#failures,
        elapsedSeconds: this.#elapsed,
        unfinishedSeconds,
      };
    } finally {
      clearTimeout(giveUp);
      clearInterval(ticking);
    }
  }

  get #elapsed(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #report(): void {
    this.#options.onProgress?.(this.#elapsed, this.#evaluations, this.#failures.length);
  }

  /** A writer that keeps nothing. One block is under way at a time, so that the time between two commits is that of one block. */
  #stopwatch(columns: readonly string[]): ResultWriter {
    const directory = temporaryDirectory();
    const paths = columns.map((name) => join(directory, `${name}.f64`));
    ColumnFiles.open(paths).close();
    return {
      spool: { paths, completeEveryMs: COMPLETE_EVERY_MS.file, capacity: 1, reserve: () => 0, release: () => {} },
      committed: async () => [],
      commit: async (blocks) => this.#observe(blocks),
      flush: async () => {},
      close: async () => {},
    };
  }

  #observe(blocks: readonly SpooledBlock[]): void {
    const now = performance.now();
    const count = countOf(blocks);
    const seconds = (now - this.#lastAt) / 1000;
    this.#observations.push({ at: (this.#lastAt - this.#startedAt) / 1000, seconds, count });
    this.#evaluated.push(...blocks.map(({ start, count: length }) => ({ start, count: length })));
    this.#failures.push(...blocks.flatMap((block) => block.failures));
    this.#lastAt = now;
    this.#evaluations += count;
    this.#blocks.follow(seconds / count);
  }
}
