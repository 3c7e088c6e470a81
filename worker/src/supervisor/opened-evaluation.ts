import { join } from "node:path";
import { InFlightFile } from "../evaluation/in-flight-file.ts";
import type { Spool } from "../stores/store.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";
import type { EvaluationSession } from "./evaluation-session.ts";

/** How the evaluation is to compute blocks. */
export interface OpenOptions {
  /** A loaded evaluation. */
  readonly session: EvaluationSession;
  readonly batchSize: number;
  /** Milliseconds that one parameter may take; 0 is no limit. */
  readonly timeoutMs: number;
  /** Whether committed blocks have a `time`. @default false */
  readonly isMeasured?: boolean;
}

/** Tells each evaluation process where its values go, and how often the store wants them. */
export class OpenedEvaluation {
  readonly #options: OpenOptions;
  readonly #spool: Spool;
  readonly #inFlightPath = join(temporaryDirectory(), "in-flight");
  /** The time for a part of a block that the process knows. */
  #completeEveryMs = 0;

  constructor(options: OpenOptions, spool: Spool) {
    this.#options = options;
    this.#spool = spool;
  }

  open(): void {
    const { paths: spoolPaths, completeEveryMs } = this.#spool;
    const { session, batchSize, timeoutMs, isMeasured = false } = this.#options;
    const inFlightPath = this.#inFlightPath;
    this.#completeEveryMs = completeEveryMs;
    session.send({ type: "open", spoolPaths, batchSize, completeEveryMs, timeoutMs, inFlightPath, isMeasured });
  }

  /** Starts another process after the last one has ended. */
  async restart(): Promise<void> {
    await this.#options.session.start();
    this.open();
  }

  /** Tells the process that the store has become slower or faster. */
  adaptPace(): void {
    const { completeEveryMs } = this.#spool;
    if (completeEveryMs === this.#completeEveryMs) return;
    this.#completeEveryMs = completeEveryMs;
    this.#options.session.send({ type: "pace", completeEveryMs });
  }

  /** The parameters that a concurrent evaluation had in flight when its process ended, sorted. Empty for any other evaluation. */
  inFlight(): readonly number[] {
    return InFlightFile.read(this.#inFlightPath);
  }
}
