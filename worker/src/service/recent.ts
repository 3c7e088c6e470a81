/** Values that serve everybody who asks within a time, so that many viewers cost as many requests as one. */
export class Recent<Value> {
  readonly #forMs: number;
  readonly #most: number;
  readonly #now: () => number;
  readonly #values = new Map<string, { readonly at: number; readonly value: Promise<Value> }>();

  /**
   * @param forMs how long a value serves.
   * @param most values that are kept.
   * @param now milliseconds of any clock that goes on evenly.
   */
  constructor(forMs: number, most: number, now: () => number = () => performance.now()) {
    this.#forMs = forMs;
    this.#most = most;
    this.#now = now;
  }

  /** The value of a key. An error serves everybody who waits for it, and is not kept. */
  get(key: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.#values.get(key);
    if (known !== undefined && this.#now() - known.at < this.#forMs) return known.value;
    const entry = { at: this.#now(), value: make() };
    this.#values.delete(key);
    this.#values.set(key, entry);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
    entry.value.catch(() => {
      if (this.#values.get(key) === entry) this.#values.delete(key);
    });
    return entry.value;
  }
}
