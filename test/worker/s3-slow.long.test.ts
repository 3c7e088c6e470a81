import {
  blocksIn,
  environmentIn,
  expectAnotherTry,
  expectEndByFault,
  messagesOf,
  writeSquare,
} from "../support/bucket-runs.ts";
import { FakeS3, rateLimit } from "../support/fake-s3.ts";
import { startSweep, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

/*
 * Buckets that ask for fewer requests, and take nothing any more. Workers wait for them, some for half a minute: the tests do so at the
 * same time, each with a bucket of its own.
 */
const EVALUATION = writeSquare(temporaryDirectory());

function testConcurrently(name: string, define: (s3: FakeS3) => Promise<void>): void {
  test.concurrent(name, async () => {
    const s3 = await FakeS3.start();
    try {
      await define(s3);
    } finally {
      await s3.stop();
    }
  });
}

// They wait for the processor, too, while all of these start. A bucket that is slow for thirty times as long is given up.
const patience = { S3_REQUEST_TIMEOUT_MS: "2000" };

const workerOf = (s3: FakeS3, worker: number, workers: number, changes: Record<string, string> = patience) =>
  startSweep(["worker"], {
    env: environmentIn(s3, EVALUATION, {
      ...changes,
      JOB_COMPLETION_INDEX: String(worker),
      TOTAL_WORKERS: String(workers),
      BATCH_SIZE: "300",
    }),
  });

async function untilBlocks(s3: FakeS3, count: number): Promise<void> {
  await until(() => blocksIn(s3).length >= count);
}

testConcurrently("a request with an answer of 503 is tried again", (s3) =>
  expectAnotherTry(s3, environmentIn(s3, EVALUATION, patience), 503),
);

testConcurrently("an endpoint that keeps answering 503 ends the worker, and committed blocks stay", (s3) => {
  const message = "cannot write to s3://bucket/runs/one/: SlowDown: as the test asked";
  // Given up after half a minute.
  return expectEndByFault(s3, environmentIn(s3, EVALUATION, { S3_REQUEST_TIMEOUT_MS: "1000" }), {
    fault: 503,
    code: 75,
    message,
  });
});

testConcurrently("a bucket that takes 4 objects a second slows three workers down, and ends none", async (s3) => {
  const { fault, refused } = rateLimit("PUT", 4);
  s3.fault = fault;
  const workers = await Promise.all([0, 1, 2].map((worker) => workerOf(s3, worker, 3).finished));
  expect(workers.map(({ code }) => code)).toEqual([0, 0, 0]);
  // Each share is 33 blocks and a part of one.
  expect(blocksIn(s3)).toHaveLength(102);
  // The workers learn the rate: about one request is refused for each that is taken.
  expect(refused()).toBeLessThan(500);
  for (const worker of workers) {
    const warnings = messagesOf(worker).filter((message) => message.includes("SlowDown"));
    expect(warnings).toEqual([
      "s3://bucket/runs/one asks for fewer requests (SlowDown): the worker sends fewer, and larger parts of blocks",
    ]);
  }
});

testConcurrently("SIGTERM while the bucket is slow stores what is finished", async (s3) => {
  s3.fault = rateLimit("PUT", 4).fault;
  const { child, finished } = workerOf(s3, 0, 1);
  await untilBlocks(s3, 6);
  child.kill("SIGTERM");
  const { code } = await finished;
  // 32 blocks are on their way at most, which the bucket takes in 8 s.
  expect(code).toBe(143);
  expect(blocksIn(s3).length).toBeLessThan(100);
  s3.fault = () => undefined;
  expect((await workerOf(s3, 0, 1).finished).code).toBe(0);
  expect(blocksIn(s3)).toHaveLength(100);
});

testConcurrently(
  "SIGTERM while the bucket refuses everything gives up within the grace of a pod, and says what is lost",
  async (s3) => {
    const { child, finished } = workerOf(s3, 0, 1, { S3_REQUEST_TIMEOUT_MS: "20000" });
    await untilBlocks(s3, 3);
    s3.fault = ({ method }) => (method === "PUT" ? 503 : undefined);
    child.kill("SIGTERM");
    const worker = await finished;
    expect(worker.code).toBe(75);
    const lost = /^\d+ finished blocks were not stored within 30 s$/;
    expect(messagesOf(worker)).toContainEqual(expect.stringMatching(lost));
  },
);
