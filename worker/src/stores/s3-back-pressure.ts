import { DefaultRateLimiter } from "@smithy/core/retry";
import type { RetryErrorInfo, RetryStrategyV2, RetryToken, StandardRetryToken } from "@smithy/types";

/** What a {@link BackPressure} is made of. */
export interface BackPressureOptions {
  /** How long the bucket may refuse every request with SlowDown before that is an error. */
  readonly patienceMs: number;
  /** Called at the first SlowDown. */
  readonly onSlowDown: () => void;
}

/**
 * Repeats refused requests for the AWS SDK. S3 answers SlowDown while a prefix gets more requests than its partition takes, and
 * needs minutes to divide it: the request is not wrong, there are too many of them. So it costs no attempt. All requests wait
 * for a token bucket instead, whose rate falls with every SlowDown and grows with every success: the rate limiter of the SDK's
 * "adaptive" mode (CUBIC, as in TCP), which by itself gives up after as many attempts as "standard" mode does.
 *
 * All other errors cost an attempt of the SDK's own strategy.
 */
export class BackPressure implements RetryStrategyV2 {
  readonly #attempts: RetryStrategyV2;
  readonly #options: BackPressureOptions;
  readonly #limiter = new DefaultRateLimiter();
  /** The time of the first SlowDown since the bucket has last answered a request. */
  #slowSince: number | undefined;
  #wasSlow = false;

  constructor(attempts: RetryStrategyV2, options: BackPressureOptions) {
    this.#attempts = attempts;
    this.#options = options;
  }

  async acquireInitialRetryToken(scope: string): Promise<RetryToken> {
    const token = await this.#attempts.acquireInitialRetryToken(scope);
    await this.#limiter.getSendToken();
    return token;
  }

  async refreshRetryTokenForRetry(token: StandardRetryToken, error: RetryErrorInfo): Promise<RetryToken> {
    this.#limiter.updateClientSendingRate(error);
    if (error.errorType === "THROTTLING") {
      const now = performance.now();
      this.#slowSince ??= now;
      if (!this.#wasSlow) this.#options.onSlowDown();
      this.#wasSlow = true;
      if (now - this.#slowSince > this.#options.patienceMs) throw new Error("the bucket refuses all requests");
      await this.#limiter.getSendToken();
      return token;
    }
    // A refused condition, for example, is an answer of a bucket that works.
    if (error.errorType === "CLIENT_ERROR") this.#slowSince = undefined;
    const next = await this.#attempts.refreshRetryTokenForRetry(token, error);
    await this.#limiter.getSendToken();
    return next;
  }

  recordSuccess(token: StandardRetryToken): void {
    this.#slowSince = undefined;
    this.#limiter.updateClientSendingRate({});
    this.#attempts.recordSuccess(token);
  }
}
