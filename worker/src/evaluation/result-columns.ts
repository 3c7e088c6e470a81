/** Stores a result at an index of the columns. @returns false if the result is not a number for each column. */
export type StoreResult = (result: unknown, index: number) => boolean;

/**
 * Replaces every NaN by the one with the canonical bit pattern. A computation's pattern depends on whether V8 has compiled it, and
 * results must be the same bytes everywhere.
 */
export function canonicalize(values: Float64Array): void {
  for (let index = 0; index < values.length; index++) {
    if (Number.isNaN(values[index])) values[index] = Number.NaN;
  }
}

/** The results of a block: a buffer for each column. */
export class ResultColumns {
  /** The column names. An evaluation that declares none returns plain numbers, and its column is `value`. */
  readonly names: readonly string[];
  readonly buffers: readonly Float64Array[];
  /** Whether the evaluation named its columns, so that a result is an object. */
  readonly areDeclared: boolean;

  constructor(names: readonly string[], areDeclared: boolean, batchSize: number) {
    this.names = names;
    this.areDeclared = areDeclared;
    this.buffers = names.map(() => new Float64Array(batchSize));
  }

  /** Describes a valid result, for error messages. */
  get expected(): string {
    return this.areDeclared ? `an object with a number for ${this.names.join(", ")}` : "a number";
  }

  /** Sets the values of a failed parameter. */
  clear(index: number): void {
    for (const buffer of this.buffers) buffer[index] = Number.NaN;
  }

  /**
   * Creates a function that stores results, with NaN in its canonical bit pattern. The function is generated for these columns:
   * with their names as literals it costs 3 ns a parameter, a tenth of a loop over the names.
   */
  createStore(): StoreResult {
    const [only] = this.buffers;
    if (!this.areDeclared && only !== undefined) {
      return (result, index) => {
        if (typeof result !== "number") return false;
        only[index] = Number.isNaN(result) ? Number.NaN : result;
        return true;
      };
    }
    const places = this.names.map((_, place) => place);
    const body = `
      const [${places.map((place) => `buffer${place}`)}] = buffers;
      return (result, index) => {
        if (result === null || typeof result !== "object") return false;
        const {${this.names.map((name, place) => `${JSON.stringify(name)}: value${place}`)}} = result;
        if (${places.map((place) => `typeof value${place} !== "number"`).join(" || ")}) return false;
        ${places.map((place) => `buffer${place}[index] = Number.isNaN(value${place}) ? NaN : value${place};`).join(" ")}
        return true;
      };`;
    return new Function("buffers", body)(this.buffers);
  }
}
