import { FakeS3 } from "../support/fake-s3.ts";
import { ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { prepareQueuedRun, type TestRun } from "../support/queued-runs.ts";
import { canRun } from "../support/required.ts";
import { startSweep } from "../support/sweep.ts";

const root = "s3://bucket/runs/queue";
const define = canRun("sweep executor", "REQUIRE_PYTHON", missingForSqs) ? describe : describe.skip;

define("sweep executor", () => {
  let sqs: ImitatedSqs;
  let s3: FakeS3;
  let queues = 0;

  beforeAll(async () => {
    sqs = await ImitatedSqs.start();
    s3 = await FakeS3.start();
    s3.pageSize = 1_000;
    Object.assign(process.env, s3.environment);
  });
  afterAll(async () => {
    sqs.stop();
    await s3.stop();
  });

  async function start(runs: readonly TestRun[], settings: Readonly<Record<string, string>> = {}) {
    const queue = await sqs.createQueue(`test-${++queues}`);
    for (const run of runs) {
      const messages = await prepareQueuedRun(root, run);
      await sqs.send(
        queue.url,
        messages.map((message) => JSON.stringify(message)),
      );
    }
    const env = { ...s3.environment, ...sqsEnvironment, QUEUE_URL: queue.url, RESULTS_ROOT: root, SLICE_SECONDS: "1" };
    return { queue, ...startSweep(["executor"], { env: { ...env, ...settings } }) };
  }

  test("computes a run, closes it, and stops at once without work", async () => {
    const { queue, child, finished } = await start([{ name: "first", evaluation: "collatz", total: 2_000_000 }]);
    while (!s3.objects.has("runs/queue/first/receipt.json")) await new Promise((next) => setTimeout(next, 50));
    while ((await sqs.count(queue.url)) > 0) await new Promise((next) => setTimeout(next, 50));
    child.kill("SIGTERM");
    const { code } = await finished;
    expect(code).toBe(0);
    expect(await sqs.drain(queue.deadLetterUrl)).toEqual([]);
  });
});
