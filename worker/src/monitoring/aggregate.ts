import { reported } from "../stores/committed-blocks.ts";
import type { CommittedBlocks, CommittedPart } from "../stores/store.ts";
import { ComputingTime } from "./computing-time.ts";
import { Grid } from "./grid.ts";
import type { KnownFailures } from "./known-failures.ts";
import { Throughput } from "./throughput.ts";

/** The rate is that of so long a time before the look. */
export const RATE_WINDOW_MS = 60_000;
/** Records that all streams read at the same time: a small pod has the memory for as many of the longest that are read. */
const READ_AT_ONCE = 16;

/**
 * Everything that people see of the committed blocks of a sweep, from one look at their listing. Its memory is that of the cells, and does
 * not grow with the number of blocks.
 */
export class Aggregate {
  readonly grid: Grid;
  /** Committed parameters by cell. */
  readonly done: Float64Array;
  /** Failed parameters by cell. */
  readonly failed: Float64Array;
  readonly throughput = new Throughput();
  readonly computingTime: ComputingTime;
  isFailedExact = true;
  /** Pieces of blocks that were listed. */
  blocks = 0;
  firstCommitAt = Number.POSITIVE_INFINITY;
  lastCommitAt = Number.NEGATIVE_INFINITY;
  /** Parameters that were committed within {@link RATE_WINDOW_MS}. */
  recent = 0;
  readonly #recentFrom: number;
  /** By cell, the bytes of failures in records that were not read. */
  readonly #unreadBytes: Float64Array;

  private constructor(total: number, now: number) {
    this.grid = new Grid(total);
    this.done = new Float64Array(this.grid.cells);
    this.failed = new Float64Array(this.grid.cells);
    this.#unreadBytes = new Float64Array(this.grid.cells);
    this.computingTime = new ComputingTime(this.grid);
    this.#recentFrom = now - RATE_WINDOW_MS;
  }

  static async of(blocks: CommittedBlocks, known: KnownFailures, now: number): Promise<Aggregate> {
    const aggregate = new Aggregate(blocks.identity.totalParameters, now);
    const lanes = blocks.lanes();
    const readAtOnce = Math.max(1, Math.floor(READ_AT_ONCE / lanes.length));
    await Promise.all(lanes.map((lane) => aggregate.#addLane(lane, readAtOnce, blocks, known)));
    aggregate.#estimateUnread(known.bytesOfFailure);
    return aggregate;
  }

  get committed(): number {
    return sum(this.done);
  }

  get failures(): number {
    return sum(this.failed);
  }

  async #addLane(
    lane: AsyncIterable<CommittedPart>,
    readAtOnce: number,
    blocks: CommittedBlocks,
    known: KnownFailures,
  ): Promise<void> {
    const measure = this.computingTime.stream();
    let reading: Promise<void>[] = [];
    for await (const part of lane) {
      this.#add(part);
      measure(part);
      if (part.record.failureBytes === 0) continue;
      const counts = known.find(part);
      if (counts !== undefined) this.#addFailures(counts);
      else if (!known.isWorthReading(part)) this.#leaveUnread(part);
      else reading.push(reported(known.read(blocks, part).then((read) => this.#addFailures(read))));
      if (reading.length < readAtOnce) continue;
      await Promise.all(reading);
      reading = [];
    }
    await Promise.all(reading);
  }

  #add(part: CommittedPart): void {
    this.blocks++;
    this.grid.visit(part, (cell, count) => increase(this.done, cell, count));
    const at = part.record.committedAt;
    if (at === undefined) return;
    this.throughput.add(at, part.count);
    this.firstCommitAt = Math.min(this.firstCommitAt, at);
    this.lastCommitAt = Math.max(this.lastCommitAt, at);
    if (at > this.#recentFrom) this.recent += part.count;
  }

  #addFailures(counts: readonly (readonly [cell: number, failed: number])[]): void {
    for (const [cell, count] of counts) increase(this.failed, cell, count);
  }

  #leaveUnread(part: CommittedPart): void {
    this.isFailedExact = false;
    const bytes = part.record.failureBytes / part.record.count;
    this.grid.visit(part, (cell, count) => increase(this.#unreadBytes, cell, bytes * count));
  }

  #estimateUnread(bytesOfFailure: number): void {
    for (const [cell, bytes] of this.#unreadBytes.entries()) {
      if (bytes === 0) continue;
      const estimate = Math.max(1, Math.round(bytes / bytesOfFailure));
      this.failed[cell] = Math.min(this.done[cell] as number, (this.failed[cell] as number) + estimate);
    }
  }
}

function increase(values: Float64Array, place: number, by: number): void {
  values[place] = (values[place] as number) + by;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
