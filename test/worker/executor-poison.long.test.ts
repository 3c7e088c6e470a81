import { join } from "node:path";
import { verify } from "../../worker/src/results/verify.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { prepareQueuedRun } from "../support/queued-runs.ts";
import { canRun } from "../support/required.ts";
import { ShortLeaseExecutors } from "../support/short-lease-executors.ts";
import { temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const root = "s3://bucket/runs/queue";
const define = canRun("a parameter that kills its executors", "REQUIRE_PYTHON", missingForSqs)
  ? describe
  : describe.skip;
const POISON = 1_234;

/** Kills the executor and the evaluation at once, as the kernel does with `memory.oom.group`. */
const killer = writeEvaluation(
  directory,
  "killer",
  `export function evaluate(parameter: number): number {
     if (parameter === ${POISON}) {
       process.kill(process.ppid, "SIGKILL");
       process.kill(-process.pid, "SIGKILL");
       for (;;);
     }
     return 2 * parameter;
   }`,
);
const healthy = writeEvaluation(
  directory,
  "healthy",
  `const never = new Int32Array(new SharedArrayBuffer(4));
   export function evaluate(parameter: number) { Atomics.wait(never, 0, 0, 5); return parameter; }`,
);

define("a parameter that kills its executors", () => {
  let sqs: ImitatedSqs;
  let s3: FakeS3;
  let executors: ShortLeaseExecutors;

  beforeAll(async () => {
    sqs = await ImitatedSqs.start();
    s3 = await FakeS3.start();
    s3.pageSize = 1_000;
    Object.assign(process.env, s3.environment);
  });
  afterAll(async () => {
    await executors?.stop();
    sqs?.stop();
    await s3?.stop();
  });

  test("is the only one that is lost, and other runs go on", async () => {
    const queue = await sqs.createQueue("poison");
    const runs = [
      { name: "poisonous", evaluation: killer, total: 2_000, batchSize: 100, pieces: 4 },
      { name: "beside", evaluation: healthy, total: 2_000, batchSize: 100, pieces: 4 },
    ];
    for (const run of runs) {
      const messages = await prepareQueuedRun(root, run);
      await sqs.send(
        queue.url,
        messages.map((message) => JSON.stringify(message)),
      );
    }
    executors = new ShortLeaseExecutors(join(directory, "executors"), {
      ...s3.environment,
      ...sqsEnvironment,
      QUEUE_URL: queue.url,
      RESULTS_ROOT: root,
      SLICE_SECONDS: "1",
      LEASE_SECONDS: "3",
    });
    executors.start(2);
    await until(() => runs.every(({ name }) => s3.objects.has(`runs/queue/${name}/receipt.json`)), 100);
    await until(async () => (await sqs.count(queue.url)) === 0, 100);
    await executors.stop();
    const [poisonous, beside] = await Promise.all(runs.map(({ name }) => verify(`${root}/${name}`)));
    expect(beside?.receipt).toMatchObject({ present: 2_000, failed: 0 });
    expect(poisonous?.receipt).toMatchObject({ present: 1_999, failed: 1 });
    expect(poisonous?.failures).toMatchObject([{ parameter: POISON, kind: "killed" }]);
    expect(await sqs.drain(queue.deadLetterUrl)).toEqual([]);
    // Twice in the first range, once in an eighth of it, once in an eighth of that, and three times alone.
    expect(executors.ended.filter(({ signal }) => signal === "SIGKILL")).toHaveLength(7);
  });
});
