import { join } from "node:path";
import { loadEvaluation } from "sweep-worker";
import { CommitPace } from "../../worker/src/stores/commit-pace.ts";
import { BackPressure } from "../../worker/src/stores/s3-back-pressure.ts";
import type { CommitRecord, ResultWriter } from "../../worker/src/stores/store.ts";
import { Supervisor } from "../../worker/src/supervisor/supervisor.ts";
import { temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();

describe("requests that are refused with SlowDown", () => {
  const PATIENCE_MS = 60_000;
  const token = { getRetryCount: () => 0, getRetryDelay: () => 0, getRetryCost: () => undefined };
  const attempts = {
    acquireInitialRetryToken: jest.fn(async () => token),
    refreshRetryTokenForRetry: jest.fn(async () => {
      throw new Error("no attempt is left");
    }),
    recordSuccess: jest.fn(),
  };
  const onSlowDown = jest.fn();
  const slowDown = { errorType: "THROTTLING" } as const;
  let pressure: BackPressure;

  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    pressure = new BackPressure(attempts, { patienceMs: PATIENCE_MS, onSlowDown });
  });
  afterEach(() => jest.useRealTimers());

  /** @returns how long a promise takes. */
  async function timeOf(promise: Promise<unknown>): Promise<number> {
    const startedAt = Date.now();
    let end: number | undefined;
    const settled = promise.finally(() => {
      end = Date.now();
    });
    settled.catch(() => {});
    for (let step = 0; end === undefined && step < 1_000; step++) await jest.advanceTimersByTimeAsync(100);
    await settled;
    return (end as number) - startedAt;
  }
  const refuse = () => timeOf(pressure.refreshRetryTokenForRetry(token, slowDown));

  test("are sent again later and later, and cost no attempt", async () => {
    expect(await timeOf(pressure.acquireInitialRetryToken(""))).toBeLessThanOrEqual(100);
    for (let count = 0; count < 20; count++) expect(await refuse()).toBeGreaterThan(500);
    expect(attempts.refreshRetryTokenForRetry).not.toHaveBeenCalled();
    expect(onSlowDown).toHaveBeenCalledTimes(1);
  });

  test("make new requests wait, too, and less with every success", async () => {
    await refuse();
    const slow = await timeOf(pressure.acquireInitialRetryToken(""));
    expect(slow).toBeGreaterThan(500);
    for (let count = 0; count < 20; count++) {
      await timeOf(pressure.acquireInitialRetryToken(""));
      pressure.recordSuccess(token);
    }
    expect(await timeOf(pressure.acquireInitialRetryToken(""))).toBeLessThan(slow);
  });

  test("are an error if the bucket takes nothing for too long", async () => {
    const refuseFor = async (milliseconds: number) => {
      for (const end = Date.now() + milliseconds; Date.now() < end; ) await refuse();
    };
    await refuseFor(0.9 * PATIENCE_MS);
    pressure.recordSuccess(token);
    await refuseFor(0.9 * PATIENCE_MS);
    await expect(refuseFor(PATIENCE_MS)).rejects.toThrow("the bucket refuses all requests");
  });

  test("do not touch the attempts of other errors", async () => {
    await expect(pressure.refreshRetryTokenForRetry(token, { errorType: "TRANSIENT" })).rejects.toThrow(
      "no attempt is left",
    );
    expect(onSlowDown).not.toHaveBeenCalled();
  });
});

test("a part of a block takes as long as the bucket needs for one, from ten seconds to 160", () => {
  jest.useFakeTimers();
  try {
    const pace = new CommitPace();
    expect(pace.completeEveryMs).toBe(10_000);
    const stored = pace.begin();
    jest.advanceTimersByTime(10_001);
    expect(pace.completeEveryMs).toBe(20_000);
    pace.begin();
    jest.advanceTimersByTime(20_000);
    expect(pace.completeEveryMs).toBe(40_000);
    stored();
    expect(pace.completeEveryMs).toBe(40_000);
    jest.advanceTimersByTime(10_000_000);
    expect(pace.completeEveryMs).toBe(160_000);
  } finally {
    jest.useRealTimers();
  }
});

test("a part of a block shrinks again when the bucket is fast", () => {
  jest.useFakeTimers();
  try {
    const pace = new CommitPace();
    const slow = pace.begin();
    jest.advanceTimersByTime(25_000);
    slow();
    expect(pace.completeEveryMs).toBe(40_000);
    const fast = pace.begin();
    jest.advanceTimersByTime(100);
    fast();
    expect(pace.completeEveryMs).toBe(10_000);
  } finally {
    jest.useRealTimers();
  }
});

test("the evaluation process follows the pace of the store within a block", async () => {
  const evaluation = writeEvaluation(
    directory,
    "wait",
    "export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 5, parameter));",
  );
  const { session } = await loadEvaluation({ evaluation });
  let completeEveryMs = 60_000;
  const committed: CommitRecord[] = [];
  const writer: ResultWriter = {
    spool: {
      paths: [join(directory, "value.f64")],
      get completeEveryMs() {
        return completeEveryMs;
      },
      capacity: 1,
      reserve: () => 0,
      release: () => {},
    },
    committed: async () => [],
    commit: async (blocks) => {
      committed.push(...blocks);
    },
    flush: async () => {},
    close: async () => {},
  };
  const supervisor = new Supervisor({
    session,
    writer,
    batchSize: 200,
    timeoutMs: 60_000,
    maxFailures: 0,
    onProgress: (_, __, inBlock) => {
      if (inBlock > 0) completeEveryMs = 200;
    },
  });
  expect(await supervisor.run([{ start: 0, count: 200 }])).toBe("done");
  const counts = committed.map(({ count }) => count);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200);
  // At the pace of the start the block would be one part.
  expect(counts.length).toBeGreaterThan(1);
});
