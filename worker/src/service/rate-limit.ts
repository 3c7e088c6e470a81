import { formatCount } from "../contract/format.ts";
import { ProblemError } from "./problems.ts";

const WINDOW_MS = 60_000;
/** Names of users that are kept before those are forgotten who sent nothing in the last minute. */
const MOST_USERS = 1_000;

/**
 * Counts what each user sends in any sixty seconds. A server without a login counts all requests together. Each replica counts for itself,
 * so that a user reaches the limit later where there are several.
 */
export class RateLimit {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** The times of the last requests of each user, oldest first. */
  readonly #sent = new Map<string | null, number[]>();

  /** @param now milliseconds of any clock that goes on evenly. */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** @throws ProblemError with the status 429 if the user has sent as many as a minute allows. This request then does not count. */
  count(user: string | null): void {
    const now = this.#now();
    if (this.#sent.size >= MOST_USERS) this.#forget(now);
    const recent = (this.#sent.get(user) ?? []).filter((time) => time > now - WINDOW_MS);
    this.#sent.set(user, recent);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= this.#perMinute) {
      const retryAfterSeconds = Math.ceil((oldest + WINDOW_MS - now) / 1000);
      const most = `${formatCount(this.#perMinute)} a minute`;
      throw new ProblemError(
        429,
        `too many submissions: this server takes ${most} from a user. Try again in ${retryAfterSeconds} s`,
        { retryAfterSeconds },
      );
    }
    recent.push(now);
  }

  #forget(now: number): void {
    for (const [user, times] of this.#sent) if ((times.at(-1) ?? 0) <= now - WINDOW_MS) this.#sent.delete(user);
  }
}
