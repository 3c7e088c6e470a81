import { join } from "node:path";
import { PermanentError } from "../contract/errors.ts";
import { countOf, type Range, union } from "../parameters/ranges.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import { COMPLETE_EVERY_MS, type Failure, type ResultWriter, type SpooledBlock } from "../stores/store.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";
import type { EvaluationSession } from "../supervisor/evaluation-session.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { LARGEST_SAMPLE_BLOCK, SampleBlocks } from "./sample-blocks.ts";

/** A block, or a part of one, that was evaluated. */
export interface Observation {
  /** Since the beginning of the sample. */
  readonly at: number;
  readonly seconds: number;
  readonly count: number;
}

export interface RawSample {
  readonly observations: readonly Observation[];
  /** The parameters of all of them, each once: blocks are chosen at random, and may overlap. */
  readonly evaluated: readonly Range[];
  readonly failures: readonly Failure[];
  readonly elapsedSeconds: number;
  /** How long the parameters had been computed that were not finished when the time was up. */
  readonly unfinishedSeconds: number | undefined;
}

export interface SamplerOptions {
  /** An evaluation that is loaded; it is closed in the end. */
  readonly session: EvaluationSession;
  readonly columns: readonly string[];
  readonly totalParameters: number;
  readonly seed: number;
  readonly timeoutMs: number;
  /** No block begins after this; what has begun gets half as long again. */
  readonly seconds: number;
  /** @param evaluations with those of parameters that were evaluated before. */
  readonly onProgress: (elapsedSeconds: number, evaluations: number, failed: number) => void;
}

/** Evaluates parameters all over the range, as a worker would, and takes the time of each block. Nothing is kept. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #supervisor: Supervisor;
  readonly #blocks: SampleBlocks;
  readonly #observations: Observation[] = [];
  readonly #evaluated: Range[] = [];
  readonly #failures: Failure[] = [];
  readonly #startedAt = performance.now();
  #lastAt = this.#startedAt;
  #evaluations = 0;

  constructor(options: SamplerOptions) {
    const { session, totalParameters, seed, timeoutMs, columns } = options;
    this.#options = options;
    this.#blocks = new SampleBlocks(totalParameters, seed);
    this.#supervisor = new Supervisor({
      session,
      writer: this.#stopwatch(columns),
      batchSize: Math.min(LARGEST_SAMPLE_BLOCK, Math.max(1, totalParameters)),
      timeoutMs,
      // They are counted, and part of what is predicted.
      maxFailures: Number.MAX_SAFE_INTEGER,
      onProgress: () => {},
    });
  }

  /** Ends the sample; {@link run} returns what there is. */
  stop(): void {
    this.#supervisor.stop();
  }

  /** @throws PermanentError where not a single parameter was finished. */
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
          `--seconds: got ${seconds}; no parameter was finished in ${Math.round(this.#elapsed)} s: allow more, or a smaller --timeout`,
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
    this.#options.onProgress(this.#elapsed, this.#evaluations, this.#failures.length);
  }

  /** A writer that keeps nothing. With one block under way at a time, what lies between two commits is the time of one. */
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
