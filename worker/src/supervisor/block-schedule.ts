import type { BlockOrder, CompletedPart } from "../evaluation/protocol.ts";
import { countOf, type Range, subtract, union } from "../parameters/ranges.ts";
import type { Spool, SpooledBlock } from "../stores/store.ts";
import { BlockQueue } from "./block-queue.ts";

/** A block that was sent to the process. `done` of its parameters are committed. */
interface OutstandingBlock extends BlockOrder {
  done: number;
}

/**
 * Decides which block the process gets next.
 *
 * Blocks are sent ahead. If the process dies or is silent for too long, its blocks are sent again one at a time to find the block
 * at fault, which becomes a suspect.
 */
export class BlockSchedule {
  readonly #spool: Spool;
  #queue = new BlockQueue([]);
  /** The blocks that the process has, by their first parameter, in the order in which it takes them. */
  readonly #outstanding = new Map<number, OutstandingBlock>();
  readonly #suspects: Range[] = [];
  /** The number of blocks that are still to be sent one at a time. */
  #singly = 0;

  /** @param spool gives each block that is sent its place. */
  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Whether all blocks are done. Only {@link nextOrders} can find out that there are no more. */
  get isDone(): boolean {
    return !this.#queue.mayHaveMore && !this.isBusy;
  }

  /** Whether the process has a block, or a suspect waits. */
  get isBusy(): boolean {
    return this.hasOutstanding || this.#suspects.length > 0;
  }

  /** Whether the process has a block. */
  get hasOutstanding(): boolean {
    return this.#outstanding.size > 0;
  }

  /** Sets the blocks to be done. Those of before must be done. */
  begin(blocks: Iterable<Range>): void {
    this.#queue = new BlockQueue(blocks);
  }

  /** Forgets the blocks that were not sent, and the suspects. */
  dropUnsent(): void {
    this.#queue = new BlockQueue([]);
    this.#suspects.length = 0;
    this.#singly = 0;
  }

  /** Forgets the blocks that the process has dropped. */
  dropOutstanding(): void {
    for (const start of [...this.#outstanding.keys()]) this.#take(start);
  }

  /** The next block to be run parameter by parameter, once the process has no other. */
  nextSuspect(): Range | undefined {
    return this.hasOutstanding ? undefined : this.#suspects.shift();
  }

  /**
   * The blocks that there is room for, with their places in the spool.
   *
   * @param underway the number of blocks that are on their way to the store.
   */
  nextOrders(underway: number): BlockOrder[] {
    const ahead = this.#singly > 0 ? 1 : this.#spool.capacity;
    const room = ahead - this.#outstanding.size - underway;
    // Send blocks in bulk: a message costs as much as a thousand cheap parameters.
    if (this.#suspects.length > 0 || (room < ahead / 2 && this.hasOutstanding)) return [];
    const blocks = this.#queue.take(Math.max(0, room));
    const orders = blocks.map(({ start, count }) => ({
      start,
      count,
      position: this.#spool.reserve({ start, count }),
    }));
    for (const order of orders) this.#outstanding.set(order.start, { ...order, done: 0 });
    return orders;
  }

  /** Counts finished parts, calls `commit` with them, and takes the blocks back that are done. */
  complete(parts: readonly CompletedPart[], commit: (blocks: readonly SpooledBlock[]) => void): void {
    if (parts.length === 0) return;
    const finished: number[] = [];
    const spooled = parts.map(({ block: first, start, count, checksum, failures, time }) => {
      const block = this.#blockAt(first);
      // Parts arrive in the order of their parameters, but for those of a concurrent evaluation that stops: no remainder is taken after it.
      block.done += count;
      if (block.done === block.count) finished.push(first);
      return { start, count, checksum, failures, position: block.position + start - first, time };
    });
    commit(spooled);
    // Only now, because the commit copies values from their places in the spool.
    for (const first of finished) this.#take(first);
  }

  /** The process could not evaluate this block as a whole. */
  suspect(start: number): void {
    this.#suspects.push(this.#take(start));
  }

  /**
   * Takes all blocks of a process back that has ended, and arranges the search for the parameter at fault.
   *
   * @param inFlight the parameters that a concurrent evaluation had in flight, sorted. Empty for any other evaluation.
   * @param isYielding whether all blocks are given up but the one at fault, most likely the first: a parameter that ends the process after
   * more time than a slice has would never be found.
   */
  recover(inFlight: readonly number[], isYielding = false): void {
    const lost = [...this.#outstanding.keys()].map((start) => this.#take(start));
    const others = subtract(lost, union(inFlight.map((start) => ({ start, count: 1 }))));
    if (countOf(others) < countOf(lost)) {
      // A concurrent evaluation: the parameter at fault is one of those in flight.
      this.#suspects.push(...subtract(lost, union(others)));
      if (!isYielding) this.#queue.putBack(others);
      this.#singly = 0;
    } else if (lost.length === 1 || isYielding) {
      this.#suspects.push(...lost.slice(0, 1));
      this.#singly = 0;
    } else {
      this.#queue.putBack(lost);
      this.#singly = lost.length;
    }
  }

  /** Takes a block back and frees its place in the spool. @returns the part of it that is not committed. */
  #take(first: number): Range {
    const { start, count, done, position } = this.#blockAt(first);
    this.#outstanding.delete(first);
    this.#spool.release(position);
    this.#singly = Math.max(0, this.#singly - 1);
    return { start: start + done, count: count - done };
  }

  #blockAt(start: number): OutstandingBlock {
    const block = this.#outstanding.get(start);
    if (block === undefined) throw new Error(`the evaluation reports block ${start}, which it was not given`);
    return block;
  }
}
