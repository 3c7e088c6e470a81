import { MultiBar, type SingleBar } from "cli-progress";
import { describeSeconds, formatCount } from "../contract/format.ts";
import type { JobProgress } from "../engine/local-job.ts";

const LINE_EVERY_MS = 10_000;
/** The rate is measured over the last seconds, so that the time left follows an evaluation that gets slower. */
const WINDOW_MS = 10_000;

const LONGEST_BAR = 30;
/** A shorter bar says less than the percentage beside it. */
const SHORTEST_BAR = 5;

/** The parts of a line of progress. */
export interface ProgressTexts {
  /** From 0 to 1. */
  readonly fraction: number;
  readonly percent: string;
  readonly counts: string;
  readonly rate: string;
  readonly left: string;
  /** Empty if nothing failed. */
  readonly failed: string;
}

/**
 * Shows how far a run is, on standard error: a bar on a terminal, a line every 10 s elsewhere. A log of a CI system and a terminal that
 * cannot move its cursor (TERM=dumb) get lines, too.
 */
export class ProgressDisplay {
  readonly #total: number;
  readonly #bars: MultiBar | undefined;
  readonly #bar: SingleBar | undefined;
  readonly #samples: { readonly at: number; readonly computed: number }[] = [];
  #linedAt = performance.now();

  constructor(total: number) {
    this.#total = total;
    if (!canRedraw()) return;
    this.#bars = new MultiBar({
      // The last column stays free: some terminals wrap a line that is full.
      format: (_options, _progress, texts: ProgressTexts) => barOf(texts, (process.stderr.columns || 80) - 1),
      // The library would turn wrapping off, and the terminal would cut the lines above the bar.
      linewrap: true,
      // A line above overwrites the bar, also where the bar has not changed since.
      forceRedraw: true,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      fps: 10,
    });
    this.#bar = this.#bars.create(Math.max(total, 1), 0, this.#describe(0, 0));
    // A second Ctrl-C ends the process at once. The terminal gets its cursor back.
    process.once("exit", this.#stop);
  }

  update({ done, computed, failed }: JobProgress): void {
    const now = performance.now();
    this.#samples.push({ at: now, computed });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    this.#bar?.update(done, this.#describe(done, failed));
    if (this.#bar !== undefined || now - this.#linedAt < LINE_EVERY_MS) return;
    this.#linedAt = now;
    process.stderr.write(`${lineOf(this.#describe(done, failed))}\n`);
  }

  /** Prints a line above the bar. */
  print(line: string): void {
    if (this.#bars === undefined) {
      process.stderr.write(`${line}\n`);
      return;
    }
    this.#bars.log(`${line}\n`);
    // The library keeps a line until it draws the bar again, and drops it when the bar ends first.
    this.#bars.update();
  }

  end(): void {
    process.off("exit", this.#stop);
    this.#stop();
  }

  readonly #stop = () => this.#bars?.stop();

  #describe(done: number, failed: number): ProgressTexts {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const seconds = first === undefined || last === undefined ? 0 : (last.at - first.at) / 1000;
    // A worker that is started again computes the parameters anew that it had done and not committed.
    const perSecond =
      first === undefined || last === undefined || seconds === 0
        ? 0
        : Math.max(0, last.computed - first.computed) / seconds;
    const fraction = this.#total === 0 ? 1 : done / this.#total;
    return {
      fraction,
      percent: `${String(Math.floor(fraction * 100)).padStart(3)} %`,
      counts: `${formatCount(done)} of ${formatCount(this.#total)}`,
      rate: `${formatCount(Math.round(perSecond))}/s`,
      left: `${perSecond === 0 ? "unknown time" : describeSeconds(Math.ceil((this.#total - done) / perSecond))} left`,
      failed: failed === 0 ? "" : `${formatCount(failed)} failed`,
    };
  }
}

/** A bar in a line of at most `width` characters: the bar shrinks first, then the counts go. Rate and time left stay. */
export function barOf(texts: ProgressTexts, width: number): string {
  const line = lineOf(texts);
  const size = Math.min(LONGEST_BAR, width - line.length - 2);
  if (size >= SHORTEST_BAR) {
    const complete = Math.round(Math.min(1, texts.fraction) * size);
    return ` ${"█".repeat(complete)}${"░".repeat(size - complete)} ${line}`;
  }
  if (line.length <= width) return line;
  return lineOf({ ...texts, counts: "" }).slice(0, width);
}

function lineOf({ percent, counts, rate, left, failed }: ProgressTexts): string {
  return [percent, counts, rate, left, failed].filter((text) => text !== "").join("  ");
}

function canRedraw(): boolean {
  const { TERM, CI } = process.env;
  return process.stderr.isTTY === true && TERM !== "dumb" && (CI === undefined || CI === "" || CI === "false");
}
