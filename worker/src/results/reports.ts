import { ReadOnlyError } from "../contract/errors.ts";
import type { ReportWriter, ResultReader } from "../stores/store.ts";

/**
 * Writes the reports of `verify` beside the results, all of them or none. Results that may only be read are verified too: the proof does
 * not need the reports.
 */
export class Reports {
  readonly #reader: ResultReader;
  readonly #open: ReportWriter[] = [];
  #unwritten: string | undefined;

  constructor(reader: ResultReader) {
    this.#reader = reader;
  }

  /** Why there are no reports; undefined if there are. */
  get unwritten(): string | undefined {
    return this.#unwritten;
  }

  /** @returns a function that writes to the report. */
  async start(name: string): Promise<(content: string | Uint8Array) => Promise<void>> {
    let report: ReportWriter | undefined;
    await this.#try(async () => {
      report = await this.#reader.report(name);
      this.#open.push(report);
    });
    return (content) => this.#try(async () => report?.write(content));
  }

  /** Lets the reports appear, in the order in which they were started. */
  async finish(): Promise<void> {
    while (this.#open.length > 0) {
      await this.#try(async () => this.#open[0]?.finish());
      this.#open.shift();
    }
  }

  /** Leaves nothing of unfinished reports behind. */
  async abandon(): Promise<void> {
    for (const report of this.#open.splice(0)) await report.abandon();
  }

  async #try(work: () => Promise<void>): Promise<void> {
    if (this.#unwritten !== undefined) return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ReadOnlyError)) throw error;
      this.#unwritten = error.message;
      await this.abandon();
    }
  }
}
