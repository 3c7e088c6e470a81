import { readFileSync } from "node:fs";
import { FakeS3 } from "../support/fake-s3.ts";
import { ImitatedSqs, missingForSqs, sqsEnvironment } from "../support/imitated-sqs.ts";
import { prepareQueuedRun, type TestRun } from "../support/queued-runs.ts";
import { canRun } from "../support/required.ts";
import { startSweep, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const root = "s3://bucket/runs/queue";
const define = canRun("sweep executor", "REQUIRE_PYTHON", missingForSqs) ? describe : describe.skip;

test("names everything that is wrong with its settings, and ends with 42", async () => {
  const { code, stderr } = await sweep(["executor"], {
    env: { RESULTS_ROOT: "file:results", EXECUTOR_SLOTS: "11", SLICE_SECONDS: "0.5", LOG_LEVEL: "loud" },
  });
  expect(stderr.split("\n")).toEqual([
    'error: QUEUE_URL must be the URL of a standard queue, https://sqs.<region>.amazonaws.com/<account>/<name>, got nothing: set it, for example to "https://sqs.us-west-2.amazonaws.com/123456789012/prod-large"',
    'error: RESULTS_ROOT must be s3://<bucket>/<prefix>, got "file:results": use for example "s3://bucket/runs/queue"',
    "error: EXECUTOR_SLOTS must be a whole number from 1 to 10, got 11: use for example 2",
    "error: SLICE_SECONDS must be a whole number of seconds from 1 to 3,600, got 0.5: use for example 30",
    'error: LOG_LEVEL must be trace, debug, info, warn, error or silent, got "loud": use for example "info"',
    "",
  ]);
  expect(code).toBe(42);
});

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
    sqs?.stop();
    await s3?.stop();
  });

  /** Starts an executor on a queue with the messages of a run. */
  async function start(run: TestRun, settings: Readonly<Record<string, string>> = {}) {
    const queue = await sqs.createQueue(`test-${++queues}`);
    const messages = (await prepareQueuedRun(root, run)).map((message) => JSON.stringify(message));
    await sqs.send(queue.url, messages);
    const env = { ...s3.environment, ...sqsEnvironment, QUEUE_URL: queue.url, RESULTS_ROOT: root, SLICE_SECONDS: "1" };
    return { queue, messages, ...startSweep(["executor"], { env: { ...env, ...settings } }) };
  }

  test("computes a run, writes its receipt, and stops at once without work", async () => {
    const { queue, child, finished } = await start({ name: "first", evaluation: "collatz", total: 2_000_000 });
    await until(() => s3.objects.has("runs/queue/first/receipt.json"), 50);
    await until(async () => (await sqs.count(queue.url)) === 0, 50);
    child.kill("SIGTERM");
    expect((await finished).code).toBe(0);
    expect(await sqs.drain(queue.url)).toEqual([]);
    expect(await sqs.drain(queue.deadLetterUrl)).toEqual([]);
  });

  test.each([
    ["loads its evaluation", "await new Promise((loaded) => setTimeout(loaded, 600_000));", "", "was loaded"],
    ["is in a parameter that takes an hour", "", "for (;;);", "works"],
  ])("gives its message back at SIGTERM while it %s", async (what, load, work, marker) => {
    const name = what.replaceAll(" ", "-");
    const evaluation = writeEvaluation(
      directory,
      name,
      `import { existsSync, writeFileSync } from "node:fs";
       const [loaded, works] = ["was loaded", "works"].map((state) => ${JSON.stringify(`${directory}/${name} `)} + state);
       const isFirst = !existsSync(loaded);
       writeFileSync(loaded, isFirst ? "1" : "2");
       if (!isFirst) { ${load} }
       export function evaluate(parameter: number) {
         writeFileSync(works, "2");
         ${work}
         return parameter;
       }`,
    );
    const run = { name, evaluation, total: 100, pieces: 1, settings: { evaluationTimeoutSeconds: 3_600 } };
    const { queue, messages, child, finished, output } = await start(run, { STOP_GRACE_SECONDS: "1" });
    const state = () => {
      try {
        return readFileSync(`${directory}/${name} ${marker}`, "utf8");
      } catch {
        return "";
      }
    };
    await until(() => state() === "2");
    child.kill("SIGTERM");
    const { code } = await finished;
    expect({ code, output: output() }).toMatchObject({ code: 0 });
    // A new message, which is visible at once.
    expect(await sqs.drain(queue.url)).toEqual(messages);
  });

  test.each([
    ["a queue that does not exist", {}, "QueueDoesNotExist"],
    [
      "credentials that are not there",
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
      "CredentialsProviderError",
    ],
  ])("ends with 42 for %s", async (_, settings, error) => {
    const queue = await sqs.createQueue(`missing-${++queues}`);
    const env = {
      ...s3.environment,
      ...sqsEnvironment,
      // Nobody asks a machine of EC2 for credentials.
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      RESULTS_ROOT: root,
      QUEUE_URL: `${queue.url}${error === "QueueDoesNotExist" ? "-not" : ""}`,
    };
    const { code, stdout } = await sweep(["executor"], { env: { ...env, ...settings } });
    expect(code).toBe(42);
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(last.msg).toContain(`cannot receive from ${env.QUEUE_URL}: `);
    expect(last.msg).toContain(error);
  });
});
