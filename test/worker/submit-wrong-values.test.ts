import { askAll, bucketQuestion, queueQuestion } from "../../worker/src/commands/queue-reach.ts";
import { sizesOf } from "../../worker/src/commands/submit-options.ts";
import { PermanentError, type SweepError, TemporaryError } from "../../worker/src/contract/errors.ts";
import type { Problem } from "../../worker/src/contract/problems.ts";
import { MemoryQueue } from "../support/memory-queue.ts";
import { sweep } from "../support/sweep.ts";

const QUEUE = "https://sqs.us-west-2.amazonaws.com/123456789012/dev-large";
const QUEUE_URL = "the URL of a standard queue, https://sqs.<region>.amazonaws.com/<account>/<name>";
const QUEUE_EXAMPLE = '"https://sqs.us-west-2.amazonaws.com/123456789012/prod-large"';
const RUN = "name the place that sweep submit has printed, for example s3://bucket/runs/queue/collatz-1a2b3c4d";
const RUN_PLACE = "results must be s3://<bucket>/<prefix>/<run>";

test.each([
  [
    ["submit"],
    [
      `--queue must be ${QUEUE_URL}, got nothing: set it, for example to ${QUEUE_EXAMPLE}`,
      '--results-root must be s3://<bucket>/<prefix>, got nothing: set it, for example to "s3://bucket/runs/queue"',
    ],
  ],
  [
    [
      ...["submit", "--queue", "dev-large", "--results-root", "./results", "--name", "my run", "--total", "-1"],
      ...["--executors", "0", "--max-executors", "many", "--slots", "11"],
    ],
    [
      "--total must be a whole number from 0 to 9,007,199,254,740,991, got -1: use for example 10000000",
      `--queue must be ${QUEUE_URL}, got "dev-large": use for example ${QUEUE_EXAMPLE}`,
      '--results-root must be s3://<bucket>/<prefix>, got "./results": use for example "s3://bucket/runs/queue"',
      '--name must be up to 100 letters, digits, dots, hyphens and underlines that begin with a letter or a digit, got "my run": give the run another name',
      '--executors must be a whole number from 1 to 100,000, got "0": use for example 10',
      '--max-executors must be a whole number from 1 to 100,000, got "many": use for example 50',
      '--slots must be a whole number from 1 to 10, got "11": use for example 2',
    ],
  ],
  [["cancel", "file:./results"], [`${RUN_PLACE}, got "file:./results": ${RUN}`]],
  [["cancel", "s3://bucket"], [`${RUN_PLACE}, got "s3://bucket": ${RUN}`]],
  [
    ["resume", "results", "--dead-letter-queue", "dead"],
    [
      `${RUN_PLACE}, got "results": ${RUN}`,
      `--queue must be ${QUEUE_URL}, got nothing: set it, for example to ${QUEUE_EXAMPLE}`,
      `--dead-letter-queue must be ${QUEUE_URL}, got "dead": use for example ${QUEUE_EXAMPLE}`,
    ],
  ],
  [
    ["status", "results", "--queue", "x", "--dead-letter-queue", "y"],
    [
      `--queue must be ${QUEUE_URL}, got "x": use for example ${QUEUE_EXAMPLE}`,
      `--dead-letter-queue must be ${QUEUE_URL}, got "y": use for example ${QUEUE_EXAMPLE}`,
    ],
  ],
])("%j names everything that is wrong", async (args, errors) => {
  const { code, stdout, stderr } = await sweep(args);
  expect({ code, stdout, errors: stderr.trimEnd().split("\n") }).toEqual({
    code: 42,
    stdout: "",
    errors: errors.map((error) => `error: ${error}`),
  });
});

test.each(["status", "cancel", "verify"])("%s needs the region of a bucket", async (command) => {
  const env = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_CONFIG_FILE: "/dev/null" };
  expect(await sweep([command, "s3://results/runs/queue/mine"], { env })).toEqual({
    code: 42,
    signal: null,
    stdout: "",
    stderr:
      'error: AWS_REGION must be the region of the bucket results, got nothing: set it, for example to "us-west-2"\n',
  });
});

describe("questions to AWS", () => {
  const failing = (name: string, error: typeof PermanentError | typeof TemporaryError = PermanentError) => {
    return () => Promise.reject(new error(`cannot read: ${name}`, { cause: Object.assign(new Error(name), { name }) }));
  };
  const bucket = (ask: () => Promise<unknown>) => bucketQuestion("--results-root", "s3://results/runs", ask);
  const queue = (counts: MemoryQueue["counts"]) => {
    const asked = new MemoryQueue();
    asked.counts = counts;
    return queueQuestion("--queue", Object.assign(asked, { url: QUEUE }));
  };
  const { AWS_REGION } = process.env;
  beforeAll(() => {
    process.env.AWS_REGION = "us-east-1";
  });
  afterAll(() => {
    if (AWS_REGION === undefined) delete process.env.AWS_REGION;
    else process.env.AWS_REGION = AWS_REGION;
  });

  const asked = (questions: Parameters<typeof askAll>[0]) =>
    askAll(questions).then(
      () => "nothing is wrong",
      (error: SweepError) => [error.exitCode, ...error.message.split("\n")],
    );

  test("have answers, and then nothing is wrong", async () => {
    expect(await asked([bucket(async () => {}), queue(async () => ({ waiting: 0, inFlight: 0, delayed: 0 }))])).toBe(
      "nothing is wrong",
    );
  });

  test.each(["PermanentRedirect", "AuthorizationHeaderMalformed"])(
    "a bucket of another region answers %s",
    async (name) => {
      expect(await asked([bucket(failing(name)), queue(failing("QueueDoesNotExist"))])).toEqual([
        42,
        'AWS_REGION must be the region of the bucket results, got "us-east-1": set it, for example to that of the queue',
        `--queue must be the URL of a queue that exists, got "${QUEUE}": correct the region, the account or the name in it`,
      ]);
    },
  );

  test("a region that does not exist has no host name", async () => {
    const error = new TemporaryError("cannot read", { cause: Object.assign(new Error(), { code: "ENOTFOUND" }) });
    expect(await asked([queue(() => Promise.reject(error))])).toEqual([
      42,
      `--queue must be the URL of a queue that exists, got "${QUEUE}": correct the region, the account or the name in it`,
    ]);
  });

  test("other errors explain themselves, and the exit code is 75 only if all may pass", async () => {
    const away = bucket(failing("SlowDown", TemporaryError));
    expect(await asked([away])).toEqual([75, "cannot read: SlowDown"]);
    expect(await asked([away, queue(failing("AccessDenied"))])).toEqual([
      42,
      "cannot read: SlowDown",
      "cannot read: AccessDenied",
    ]);
    const bug = new RangeError("a bug");
    await expect(askAll([bucket(() => Promise.reject(bug))])).rejects.toBe(bug);
  });
});

test("numbers of executors and slots may be written as powers of ten, and with _", () => {
  const problems: Problem[] = [];
  const sizes = sizesOf({ executors: "1e2", maxExecutors: "1_000", slots: "5" }, problems);
  expect({ sizes, problems }).toEqual({ sizes: { executors: 100, maxExecutors: 1000, slots: 5 }, problems: [] });
});
