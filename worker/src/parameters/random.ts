const PARITY = 0x1bd11bda;
const TWO_TO_32 = 2 ** 32;

/**
 * Threefry-2x32 with 20 rounds: a keyed, counter-based generator. It carries no state from one number to the next, so that the
 * numbers of a parameter depend neither on the worker that draws them nor on the order. JAX uses the same function.
 *
 * Writes two words of 32 bits to `output`. The rounds are written out because loops over the rotations cost three times as much.
 *
 * @see Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11); the known answers are Random123's.
 */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  output: Uint32Array,
): void {
  const key2 = PARITY ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key1) | 0;
  x1 = (x1 + key2 + 1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key2) | 0;
  x1 = (x1 + key0 + 2) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key0) | 0;
  x1 = (x1 + key1 + 3) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key1) | 0;
  x1 = (x1 + key2 + 4) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key2) | 0;
  x1 = (x1 + key0 + 5) | 0;
  output[0] = x0;
  output[1] = x1;
}

/** The second argument of `evaluate`. */
export interface EvaluationContext {
  /** The run's seed. */
  readonly seed: number;
  /** The parameter that is being evaluated. */
  readonly parameter: number;
  /**
   * The next random number of this parameter, at least 0 and below 1, with 53 random bits. It depends on the seed, the parameter
   * and the number of earlier draws for the parameter, but never on the worker, the block or the machine.
   */
  readonly random: () => number;
  /**
   * Aborted when the time of this parameter is over (`--timeout`), and when the worker must stop and does not wait for it. The parameter
   * has no result from then on, so that a call which takes the signal, such as `fetch(url, { signal })`, need not be waited for. It is
   * made when you first ask for it.
   */
  readonly signal: AbortSignal;
}

/** The last argument of `evaluateBlock`. */
export interface BlockEvaluationContext {
  /** The run's seed. */
  readonly seed: number;
  /**
   * The random numbers of one parameter, from its first: the same as those of `context.random` in `evaluate`. Draw all numbers of
   * a parameter before you ask for the next parameter's.
   */
  readonly randomOf: (parameter: number) => () => number;
}

/**
 * An {@link EvaluationContext} that moves from parameter to parameter, so that no object is created for each.
 *
 * Its numbers are part of the results: test/worker/pinned-values.test.ts pins them, and a change needs a new RESULTS_FORMAT.
 */
export class CounterBasedContext implements EvaluationContext, BlockEvaluationContext {
  readonly seed: number;
  parameter = 0;
  readonly random: () => number;
  readonly randomOf: (parameter: number) => () => number;
  #draws = 0;
  readonly #key = new Uint32Array(2);
  readonly #words = new Uint32Array(2);
  #controller: AbortController | undefined;
  /** The parameter that the controller belongs to. The next parameter gets another one, so that moving costs nothing. */
  #controlled = -1;

  constructor(seed: number) {
    this.seed = seed;
    this.random = () => this.#next();
    this.randomOf = (parameter) => {
      this.moveTo(parameter);
      return this.random;
    };
  }

  /** Moves to a parameter. It costs two stores: the parameter's key is derived when the first number is drawn. */
  moveTo(parameter: number): void {
    this.parameter = parameter;
    this.#draws = 0;
  }

  get signal(): AbortSignal {
    return this.#ownController().signal;
  }

  /** Aborts the signal of this parameter, also if nobody has asked for it yet. */
  abort(reason: Error): void {
    this.#ownController().abort(reason);
  }

  #ownController(): AbortController {
    if (this.#controller === undefined || this.#controlled !== this.parameter) {
      this.#controller = new AbortController();
      this.#controlled = this.parameter;
    }
    return this.#controller;
  }

  #next(): number {
    if (this.#draws === 0) {
      const { seed, parameter } = this;
      threefry2x32(seed >>> 0, (seed / TWO_TO_32) >>> 0, parameter >>> 0, (parameter / TWO_TO_32) >>> 0, this.#key);
    }
    threefry2x32(this.#key[0] as number, this.#key[1] as number, this.#draws++, 0, this.#words);
    // 26 bits and 27 bits give the 53 bits of a double below 1.
    return ((this.#words[0] as number) >>> 6) * 2 ** -26 + ((this.#words[1] as number) >>> 5) * 2 ** -53;
  }
}
