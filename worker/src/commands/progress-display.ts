import { MultiBar, type SingleBar } from "cli-progress";
import { describeSeconds, formatCount } from "../contract/format.ts";
import type { JobProgress } from "../engine/local-job.ts";

const LINE_EVERY_MS = 10_000;
/** The rate is measured over the last seconds, so that the time left follows an evaluation that gets slower. */
const WINDOW_MS = 10_000;

/** Shows how far a run is, on standard error: a bar on a terminal, a line every 10 s elsewhere. */
export class ProgressDisplay {
  readonly #total: number;
  readonly #bars: MultiBar | undefined;
  readonly #bar: SingleBar | undefined;
  readonly #samples: { readonly at: number; readonly computed: number }[] = [];
  #linedAt = performance.now();

  constructor(total: number) {
    this.#total = total;
    if (!process.stderr.isTTY) return;
    this.#bars = new MultiBar({
      format: " {bar} {percent} %  {doneText} of {totalText}  {rate}/s  {left} left{failedText}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      fps: 10,
    });
    this.#bar = this.#bars.create(Math.max(total, 1), 0, this.#describe(0, 0));
  }

  update({ done, computed, failed }: JobProgress): void {
    const now = performance.now();
    this.#samples.push({ at: now, computed });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    this.#bar?.update(done, this.#describe(done, failed));
    if (this.#bar !== undefined || now - this.#linedAt < LINE_EVERY_MS) return;
    this.#linedAt = now;
    const { percent, doneText, totalText, rate, left, failedText } = this.#describe(done, failed);
    process.stderr.write(`${percent} %  ${doneText} of ${totalText}  ${rate}/s  ${left} left${failedText}\n`);
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
    this.#bars?.stop();
  }

  #describe(done: number, failed: number) {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const seconds = first === undefined || last === undefined ? 0 : (last.at - first.at) / 1000;
    // A worker that is started again computes the parameters anew that it had done and not committed.
    const perSecond =
      first === undefined || last === undefined || seconds === 0
        ? 0
        : Math.max(0, last.computed - first.computed) / seconds;
    return {
      percent: (this.#total === 0 ? 100 : Math.floor((done / this.#total) * 100)).toString().padStart(3),
      doneText: formatCount(done),
      totalText: formatCount(this.#total),
      rate: formatCount(Math.round(perSecond)),
      left: perSecond === 0 ? "unknown time" : describeSeconds(Math.ceil((this.#total - done) / perSecond)),
      failedText: failed === 0 ? "" : `  ${formatCount(failed)} failed`,
    };
  }
}
