import { join } from "node:path";
import { withDefaults } from "../contract/declarations.ts";
import { PermanentError } from "../contract/errors.ts";
import { COMPLETE_EVERY_MS } from "../contract/limits.ts";
import { countOf, endOf, type Range, union } from "../parameters/ranges.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { ComputingTime, Failure, ResultWriter, Spool, SpooledBlock } from "../stores/store.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";
import type { EvaluationSession } from "../supervisor/evaluation-session.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { costModel } from "./block-cost.ts";
import { MachineLoad } from "./machine-load.ts";
import { type Measurement, measure, type Observation, type RawSample } from "./measurement.ts";
import { LARGEST_SAMPLE_BLOCK, type SampleBlock, SampleBlocks } from "./sample-blocks.ts";

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

/** The sample ended before a single parameter was finished. */
export class NothingFinishedError extends PermanentError {}

/** The part of a loaded evaluation that a sample needs. */
export interface Sampled {
  readonly session: EvaluationSession;
  readonly columns: readonly string[];
}

/**
 * Evaluates parameters all over the range for some seconds, as a worker would, and measures what a parameter costs. No result is
 * kept.
 *
 * @param loaded what `loadEvaluation` returns. Its process is ended.
 * @throws NothingFinishedError if not a single parameter was finished.
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

/**
 * Blocks to have on their way for each parameter that an evaluation keeps in flight, so that none of its places is empty. Half of them
 * are sent when the other half has come back.
 */
const BLOCKS_FOR_EACH_IN_FLIGHT = 4;

interface OpenBlock extends SampleBlock {
  done: number;
  time: ComputingTime;
  isByClock: boolean;
}

/** Measures each block. */
class Sampler {
  readonly #options: SampleOptions;
  readonly #supervisor: Supervisor;
  readonly #blocks: SampleBlocks;
  /** Blocks that are on their way by their starts, with the part that was observed. */
  readonly #open = new Map<number, OpenBlock>();
  readonly #observations: Observation[] = [];
  readonly #evaluated: Range[] = [];
  readonly #failures: Failure[] = [];
  readonly #load = new MachineLoad();
  readonly #startedAt = performance.now();
  #lastAt = this.#startedAt;
  #evaluations = 0;

  constructor({ session, columns }: Sampled, options: SampleOptions) {
    const { totalParameters, seed, evaluationTimeoutSeconds } = withDefaults(options);
    this.#options = options;
    this.#blocks = new SampleBlocks(totalParameters, seed);
    if (session.concurrency > 1) this.#blocks.keepInFlight(BLOCKS_FOR_EACH_IN_FLIGHT * session.concurrency);
    this.#supervisor = new Supervisor({
      session,
      writer: this.#stopwatch(columns),
      batchSize: Math.min(LARGEST_SAMPLE_BLOCK, Math.max(1, totalParameters)),
      timeoutMs: evaluationTimeoutSeconds * 1000,
      // Failures are counted: their share is part of the measurement.
      maxFailures: Number.MAX_SAFE_INTEGER,
      isMeasured: true,
      onProgress: () => {},
    });
  }

  /** Ends the sample; {@link run} returns what was measured. */
  stop(): void {
    this.#supervisor.stop();
  }

  async run(): Promise<RawSample> {
    const { seconds, totalParameters } = this.#options;
    const giveUp = setTimeout(() => this.stop(), 1500 * seconds);
    const ticking = setInterval(() => this.#report(), 200);
    try {
      const outcome = await this.#supervisor.run(this.#chosen());
      const unfinished = outcome === "stopped" ? this.#unfinished() : undefined;
      if (this.#observations.length === 0) {
        throw new NothingFinishedError(
          `no parameter was finished in ${Math.round(this.#elapsed)} s: give more than --seconds ${seconds}, or a smaller --timeout`,
        );
      }
      return {
        totalParameters,
        observations: this.#observations,
        evaluated: union(this.#evaluated),
        failures: this.#failures,
        elapsedSeconds: this.#elapsed,
        unfinished,
        busyShare: this.#load.finish(),
      };
    } finally {
      clearTimeout(giveUp);
      clearInterval(ticking);
    }
  }

  /**
   * The blocks, until the time is up, or the range was evaluated twice. The sample does not end sooner when its interval is narrow:
   * an interval is narrowest before the first rare, expensive parameter.
   */
  *#chosen(): Generator<Range> {
    const { seconds, totalParameters } = this.#options;
    for (const block of this.#blocks.until(() => this.#elapsed, seconds)) {
      if (this.#elapsed >= seconds) return;
      if (this.#evaluations >= 2 * totalParameters && this.#elapsed >= seconds / 5) return;
      // A new pass over a small range may begin with a block that is still on its way.
      if (this.#open.has(block.start)) continue;
      this.#open.set(block.start, { ...block, done: 0, time: NO_TIME, isByClock: false });
      yield { start: block.start, count: block.count };
    }
  }

  get #elapsed(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #report(): void {
    this.#options.onProgress?.(this.#elapsed, this.#evaluations, this.#failures.length);
  }

  /** A writer that keeps nothing. */
  #stopwatch(columns: readonly string[]): ResultWriter {
    const directory = temporaryDirectory();
    const paths = columns.map((name) => join(directory, `${name}.f64`));
    ColumnFiles.open(paths).close();
    const blocks = this.#blocks;
    const spool: Spool = {
      paths,
      completeEveryMs: COMPLETE_EVERY_MS.file,
      get capacity() {
        return blocks.ahead;
      },
      reserve: () => 0,
      release: () => {},
    };
    return {
      spool,
      committed: async () => [],
      commit: async (parts) => this.#observe(parts),
      flush: async () => {},
      close: async () => {},
    };
  }

  #observe(parts: readonly SpooledBlock[]): void {
    const now = performance.now();
    const secondsOfEach = (now - this.#lastAt) / 1000 / countOf(parts);
    this.#lastAt = now;
    for (const { start, count, failures, time } of parts) {
      this.#evaluated.push({ start, count });
      this.#evaluations += count;
      for (const failure of failures) this.#failures.push(failure);
      // Parameters that ran one by one have no time of their own: their price has the timeouts and the new processes in it. Those that
      // ran at the same time have none either: their price is the time from one to the next, since a run has as many in flight.
      this.#add(start, count, time, count * secondsOfEach);
    }
  }

  /** The block under way. A block ahead of its turn has no time yet. */
  #unfinished(): Observation | undefined {
    const [block] = this.#open.values();
    if (block === undefined) return undefined;
    const time = sumOf(block.time, byClock((performance.now() - this.#lastAt) / 1000));
    return { start: block.start, count: block.done + 1, phase: block.phase, time, isByClock: true };
  }

  /** @param clockSeconds stand for the time, if the part has none of its own. */
  #add(start: number, count: number, time: ComputingTime | undefined, clockSeconds: number): void {
    const block = this.#openBlockOf(start);
    if (block === undefined) return;
    block.done += count;
    block.time = sumOf(block.time, time ?? byClock(clockSeconds));
    block.isByClock ||= time === undefined;
    if (block.done < block.count) return;
    this.#open.delete(block.start);
    const { start: from, count: whole, phase, time: total, isByClock } = block;
    this.#observations.push({ start: from, count: whole, phase, time: total, isByClock });
    this.#blocks.follow(block, costModel([total], 0)(total));
  }

  #openBlockOf(parameter: number): OpenBlock | undefined {
    for (const block of this.#open.values()) if (block.start <= parameter && parameter < endOf(block)) return block;
    return undefined;
  }
}

const byClock = (wallSeconds: number): ComputingTime => ({ wallSeconds, cpuSeconds: 0, queuedSeconds: 0 });
const NO_TIME = byClock(0);

function sumOf(a: ComputingTime, b: ComputingTime): ComputingTime {
  const isKnown = a.queuedSeconds !== undefined && b.queuedSeconds !== undefined;
  return {
    wallSeconds: a.wallSeconds + b.wallSeconds,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    queuedSeconds: isKnown ? (a.queuedSeconds as number) + (b.queuedSeconds as number) : undefined,
  };
}
