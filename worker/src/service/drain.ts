import { setMaxListeners } from "node:events";

/**
 * How a server stops: first it says that it is not ready while it goes on, since load balancers send requests for some seconds more. Then
 * its endless answers end.
 */
export class Drain {
  readonly #closing = new AbortController();
  #isBegun = false;

  constructor() {
    // Each endless answer listens, and there are hundreds.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Whether the server is stopping, and wants no new connections. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Aborted when the server closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  begin(): void {
    this.#isBegun = true;
  }

  close(): void {
    this.begin();
    this.#closing.abort();
  }
}
