/** Puts a result at a place of the columns; false where it is not a number for each. */
export type StoreResult = (result: unknown, index: number) => boolean;

/**
 * NaN has many bit patterns, and which one a computation gives depends on whether V8 has compiled it. Results must be the same
 * bytes everywhere, so that they hold only one.
 */
export function canonicalize(values: Float64Array): void {
  for (let index = 0; index < values.length; index++) {
    if (Number.isNaN(values[index])) values[index] = Number.NaN;
  }
}

/** Where the results of a block go: a buffer for each column. */
export class ResultColumns {
  /** One name, `value`, where the evaluation declares none and returns plain numbers. */
  readonly names: readonly string[];
  readonly buffers: readonly Float64Array[];
  /** Whether the evaluation named its columns, so that a result is an object. */
  readonly areDeclared: boolean;

  constructor(names: readonly string[], areDeclared: boolean, batchSize: number) {
    this.names = names;
    this.areDeclared = areDeclared;
    this.buffers = names.map(() => new Float64Array(batchSize));
  }

  /** What a result must be, for error messages. */
  get expected(): string {
    return this.areDeclared ? `an object with a number for ${this.names.join(", ")}` : "a number";
  }

  /** The values that a failed parameter has. */
  clear(index: number): void {
    for (const buffer of this.buffers) buffer[index] = Number.NaN;
  }

  /**
   * A function that stores results, with NaN in the one pattern that {@link canonicalize} leaves. It is made for these columns:
   * with their names as literals it costs 3 ns a parameter, a tenth of what a loop over the names costs.
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
