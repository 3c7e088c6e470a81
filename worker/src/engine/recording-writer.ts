import { type Range, RangeCollector } from "../parameters/ranges.ts";
import type { ResultWriter } from "../stores/store.ts";

/** Remembers what it has committed. */
export class RecordingWriter implements ResultWriter {
  readonly spool: ResultWriter["spool"];
  readonly #writer: ResultWriter;
  #committed = new RangeCollector();

  constructor(writer: ResultWriter) {
    this.#writer = writer;
    this.spool = writer.spool;
  }

  /** @returns a collector of everything that is committed from now on, until the next call. */
  record(): RangeCollector {
    this.#committed = new RangeCollector();
    return this.#committed;
  }

  async commit(blocks: Parameters<ResultWriter["commit"]>[0]): Promise<void> {
    const committed = this.#committed;
    await this.#writer.commit(blocks);
    for (const { start, count } of blocks) committed.add({ start, count });
  }

  committed(share: readonly Range[]): Promise<Range[]> {
    return this.#writer.committed(share);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
