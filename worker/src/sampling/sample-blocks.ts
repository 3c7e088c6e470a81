import type { Range } from "../parameters/ranges.ts";

/** The time that a block should take: long enough to hide the cost of a block, which is some 0.03 ms ... */
const TARGET_SECONDS = { least: 0.0005, most: 0.002 } as const;
/** ... and short enough for this many blocks in the time of the sample. */
const WANTED_BLOCKS = 1500;
/** The most by which a block may grow over the one before. The first has one parameter, because the cost is unknown. */
const GROWTH = 4;
/** Small ranges keep at least this many blocks, so that every part of the range is seen. */
const LEAST_BLOCKS = 256;
export const LARGEST_SAMPLE_BLOCK = 1_000_000;
/** The share of the time in which V8 compiles the evaluation and blocks are still small. */
const WARM_UP_SHARE = 0.1;
/** The first evaluation is repeated if it took this many times as long as the later ones. */
const SLOW_FIRST = 3;
/** Positions are numbered with 32 bits. */
const MOST_CELLS = 2 ** 31;

/** The part of the sample that a block belongs to. */
export type SamplePhase =
  /** The very first evaluation of the process. */
  | "first"
  /** V8 compiles, and the size of blocks is found. */
  | "warm-up"
  /** The first parameter again: the difference is the price of the first call. */
  | "first-again"
  | "main";

/** A block to evaluate. */
export interface SampleBlock extends Range {
  readonly phase: SamplePhase;
}

/**
 * The blocks of a sample, spread evenly over the range.
 *
 * The main part is a van der Corput sequence with Owen's scrambling over blocks of one size. Its first 1, 2, 4, 8, ... points are a
 * stratified sample with as many strata as points, so that the blocks are spread over the range whenever the time is up; no block comes
 * twice before all have come; and the scrambling keeps costs that recur with a period from lining up with the positions.
 *
 * @see Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences" (1995); the hash is that of Laine and Karras, "Stratified sampling
 * for stochastic transparency" (2011), as Burley lists it in "Practical hash-based Owen scrambling" (2020).
 */
export class SampleBlocks {
  readonly #total: number;
  readonly #seed: number;
  /** The number of blocks in the main part. */
  #blocks = Number.POSITIVE_INFINITY;
  #phase: SamplePhase = "first";
  #size = 1;
  #warmUpUntil = Number.POSITIVE_INFINITY;
  #firstSeconds = 0;
  #leastAhead = 1;
  #warmUp = { seconds: 0, count: 0 };

  constructor(totalParameters: number, seed: number) {
    this.#total = totalParameters;
    this.#seed = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  }

  /** Sends at least this many blocks ahead in the main part, for an evaluation that has several parameters in flight. */
  keepInFlight(blocks: number): void {
    this.#leastAhead = blocks;
  }

  /**
   * How many blocks can be sent ahead: in the main part as many as take a hundredth of a second, before it one. At most half of all,
   * so that there is always one that is not on its way.
   */
  get ahead(): number {
    if (this.#phase !== "main") return 1;
    const { seconds, count } = this.#warmUp;
    const blocksInTime = (0.01 * count) / (this.#size * seconds);
    const wanted = Math.max(this.#leastAhead, Math.min(32, blocksInTime));
    return Math.max(1, Math.floor(Math.min(wanted, this.#blocks / 2)));
  }

  /** Learns from a finished block. */
  follow({ phase, count }: SampleBlock, seconds: number): void {
    if (phase === "first") this.#firstSeconds = seconds;
    // Earlier blocks were slower, because V8 had compiled less: they fade.
    if (phase !== "warm-up") return;
    this.#warmUp = { seconds: this.#warmUp.seconds / 2 + seconds, count: this.#warmUp.count / 2 + count };
  }

  /**
   * Yields blocks for ever. The caller evaluates each, and calls {@link follow}, before it takes the next one, except in the main
   * part.
   *
   * @param elapsed seconds since the start of the sample.
   * @param limit seconds that the sample may take.
   */
  *until(elapsed: () => number, limit: number): Generator<SampleBlock> {
    const first = { start: this.#randomParameter(0), count: 1 };
    yield { ...first, phase: "first" };
    this.#phase = "warm-up";
    this.#warmUpUntil = elapsed() + WARM_UP_SHARE * limit;
    const target = Math.min(TARGET_SECONDS.most, Math.max(TARGET_SECONDS.least, limit / WANTED_BLOCKS));
    const mostInBlock = Math.max(1, Math.min(LARGEST_SAMPLE_BLOCK, Math.floor(this.#total / LEAST_BLOCKS)));
    for (let turn = 1; ; turn++) {
      const start = Math.min(this.#randomParameter(turn), this.#total - this.#size);
      yield { start, count: this.#size, phase: "warm-up" };
      const wanted = Math.max(1, Math.min(mostInBlock, Math.round(target / this.#secondsPerParameter)));
      if (elapsed() >= this.#warmUpUntil && wanted <= GROWTH * this.#size) {
        this.#size = wanted;
        break;
      }
      this.#size = Math.min(wanted, GROWTH * this.#size);
    }
    if (this.#firstSeconds > SLOW_FIRST * this.#secondsPerParameter) yield { ...first, phase: "first-again" };
    this.#phase = "main";
    this.#blocks = Math.max(1, Math.round(this.#total / this.#size));
    for (let pass = 0; ; pass++) yield* this.#main(pass);
  }

  get #secondsPerParameter(): number {
    return Math.max(this.#warmUp.seconds / this.#warmUp.count, 1e-10);
  }

  #randomParameter(turn: number): number {
    return Math.floor((scrambled(turn, this.#seed ^ 0x5bd1e995) / 2 ** 32) * this.#total);
  }

  /** Every block of the range once; of more than {@link MOST_CELLS} blocks, one of each group of neighbours. */
  *#main(pass: number): Generator<SampleBlock> {
    const blocks = this.#blocks;
    const cells = Math.min(blocks, MOST_CELLS);
    const bits = Math.max(1, Math.ceil(Math.log2(cells)));
    const from = (block: number) => Math.floor((block * this.#total) / blocks);
    for (let turn = 0; turn < 2 ** bits; turn++) {
      const cell = Math.floor(scrambled(turn, this.#seed + pass) / 2 ** (32 - bits));
      if (cell >= cells) continue;
      const block = Math.floor((cell * blocks) / cells);
      const start = from(block);
      yield { start, count: from(block + 1) - start, phase: "main" };
    }
  }
}

/** The place of a turn, as a number below 2^32: a van der Corput sequence with nested scrambling. */
function scrambled(turn: number, seed: number): number {
  let x = (turn + finalized(seed)) | 0;
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  x ^= Math.imul(x, 0x8d22f6e6);
  return reversed(x);
}

/** Neighbouring seeds give unrelated sequences (the finalizer of MurmurHash3). */
function finalized(seed: number): number {
  let x = seed | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** The 32 bits in reverse order. */
function reversed(value: number): number {
  let x = value;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
