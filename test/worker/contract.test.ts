import { PermanentError } from "../../worker/src/contract/errors.ts";
import { DEFAULTS, readConfiguration, toEnvironment, variableName } from "../../worker/src/contract/settings.ts";
import { sweep } from "../support/sweep.ts";

const REQUIRED = { WORKER_ID: "0", TOTAL_WORKERS: "3", TOTAL_PARAMETERS: "10000000" };

function errorOf(environment: Record<string, string>): string {
  try {
    readConfiguration(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    return (error as Error).message;
  }
  throw new Error("accepted");
}

test("what is not set has its default", () => {
  expect(readConfiguration(REQUIRED)).toEqual({
    workerId: 0,
    totalWorkers: 3,
    totalParameters: 10_000_000,
    ...DEFAULTS,
  });
});

test("every variable is read", () => {
  const environment = {
    WORKER_ID: "2",
    TOTAL_WORKERS: "3",
    TOTAL_PARAMETERS: "100",
    BATCH_SIZE: "7",
    SIMULATE_WORK_MS: "0.5",
    LOG_LEVEL: "debug",
    EVALUATION: "./evaluate.ts",
    EVALUATION_COMMAND: "python3 evaluate.py",
    RESULT_COLUMNS: "steps,peak",
    EVALUATION_TIMEOUT_SECONDS: "1.5",
    MAX_FAILURES: "0",
    SEED: "42",
    PARTITION: "contiguous",
    RESULTS_URL: "s3://bucket/prefix",
    S3_REQUEST_TIMEOUT_MS: "100",
  };
  const configuration = readConfiguration(environment);
  expect(configuration).toEqual({
    workerId: 2,
    totalWorkers: 3,
    totalParameters: 100,
    batchSize: 7,
    simulateWorkMs: 0.5,
    logLevel: "debug",
    evaluation: "./evaluate.ts",
    evaluationCommand: "python3 evaluate.py",
    resultColumns: ["steps", "peak"],
    evaluationTimeoutSeconds: 1.5,
    maxFailures: 0,
    seed: 42,
    partition: "contiguous",
    resultsUrl: "s3://bucket/prefix",
    s3RequestTimeoutMs: 100,
  });
  expect(toEnvironment(configuration)).toEqual(environment);
});

test("WORKER_ID falls back to JOB_COMPLETION_INDEX, and wins over it", () => {
  const { WORKER_ID: _, ...rest } = REQUIRED;
  expect(readConfiguration({ ...rest, JOB_COMPLETION_INDEX: "1" }).workerId).toBe(1);
  expect(readConfiguration({ ...REQUIRED, JOB_COMPLETION_INDEX: "1" }).workerId).toBe(0);
});

test("a property has the name of its variable", () => {
  expect(variableName("simulateWorkMs")).toBe("SIMULATE_WORK_MS");
  expect(variableName("s3RequestTimeoutMs")).toBe("S3_REQUEST_TIMEOUT_MS");
});

const WORKER_RANGE = "a whole number from 0 to 99,999";
const FROM_ZERO = "a whole number from 0 to 9,007,199,254,740,991";

/** Each variable, a bad value, and the line that says so. */
const BAD: readonly (readonly [variable: string, value: string, message: string])[] = [
  ["WORKER_ID", "-1", `WORKER_ID: got "-1"; allowed is ${WORKER_RANGE}`],
  ["WORKER_ID", "one", `WORKER_ID: got "one"; allowed is ${WORKER_RANGE}`],
  ["WORKER_ID", "3", 'WORKER_ID: got "3"; allowed is a whole number below TOTAL_WORKERS, which is 3'],
  ["TOTAL_WORKERS", "0", 'TOTAL_WORKERS: got "0"; allowed is a whole number from 1 to 100,000'],
  ["TOTAL_WORKERS", "100001", 'TOTAL_WORKERS: got "100001"; allowed is a whole number from 1 to 100,000'],
  ["TOTAL_PARAMETERS", "1e7", `TOTAL_PARAMETERS: got "1e7"; allowed is ${FROM_ZERO}`],
  ["TOTAL_PARAMETERS", "9007199254740992", `TOTAL_PARAMETERS: got "9007199254740992"; allowed is ${FROM_ZERO}`],
  ["BATCH_SIZE", "0", 'BATCH_SIZE: got "0"; allowed is a whole number from 1 to 10,000,000'],
  ["BATCH_SIZE", "", 'BATCH_SIZE: got ""; allowed is a whole number from 1 to 10,000,000'],
  ["SIMULATE_WORK_MS", "fast", 'SIMULATE_WORK_MS: got "fast"; allowed is a number of milliseconds from 0 to 3,600,000'],
  ["LOG_LEVEL", "INFO", 'LOG_LEVEL: got "INFO"; allowed is one of trace, debug, info, warn, error, silent'],
  ["EVALUATION", "", 'EVALUATION: got ""; allowed is the name of a bundled evaluation, or the path of a module'],
  ["EVALUATION_COMMAND", "", 'EVALUATION_COMMAND: got ""; allowed is a command line, such as python3 evaluate.py'],
  [
    "RESULT_COLUMNS",
    "steps",
    'RESULT_COLUMNS: got "steps"; allowed is only beside EVALUATION_COMMAND: a module exports its columns',
  ],
  [
    "RESULT_COLUMNS",
    "a b",
    'RESULT_COLUMNS: got "a b"; allowed is different names of letters, digits and _, not parameter or error, separated by commas, such as steps,peak',
  ],
  [
    "EVALUATION_TIMEOUT_SECONDS",
    "-1",
    'EVALUATION_TIMEOUT_SECONDS: got "-1"; allowed is a number of seconds from 0 to 1,000,000',
  ],
  ["MAX_FAILURES", "1%", `MAX_FAILURES: got "1%"; allowed is ${FROM_ZERO}`],
  ["SEED", "0x10", `SEED: got "0x10"; allowed is ${FROM_ZERO}`],
  ["PARTITION", "random", 'PARTITION: got "random"; allowed is one of block-cyclic, contiguous'],
  [
    "RESULTS_URL",
    "http://example.com",
    'RESULTS_URL: got "http://example.com"; allowed is file:<directory> or s3://<bucket>/<prefix>',
  ],
  [
    "RESULTS_URL",
    "s3://Bucket",
    'RESULTS_URL: got "s3://Bucket"; allowed is file:<directory> or s3://<bucket>/<prefix>',
  ],
  ["S3_REQUEST_TIMEOUT_MS", "0", 'S3_REQUEST_TIMEOUT_MS: got "0"; allowed is a whole number from 1 to 3,600,000'],
];

test.each(BAD)("%s=%j is refused with what is allowed", (variable, value, message) => {
  expect(errorOf({ ...REQUIRED, [variable]: value })).toBe(message);
});

test("a variable that must be set says so", () => {
  const { TOTAL_PARAMETERS: _, ...rest } = REQUIRED;
  expect(errorOf(rest)).toBe(`TOTAL_PARAMETERS: got nothing; allowed is ${FROM_ZERO}`);
});

test("more blocks than a worker can enumerate are refused with the batch size that is enough", () => {
  expect(errorOf({ ...REQUIRED, TOTAL_PARAMETERS: "1000000000000", BATCH_SIZE: "10" })).toBe(
    'BATCH_SIZE: got "10"; allowed is 100,000 or more, because TOTAL_PARAMETERS is 1,000,000,000,000 and a run has 10,000,000 blocks at most',
  );
});

test("all problems are reported at once", () => {
  expect(errorOf({ ...REQUIRED, SEED: "x", PARTITION: "y" }).split("\n")).toHaveLength(2);
});

test("a worker with a bad configuration ends with 42, one line and no stack", async () => {
  // Every variable, as a pod would meet it.
  const variables = [...new Set(BAD.map(([variable]) => variable))];
  for (const variable of variables) {
    const [, value, message] = BAD.find(([candidate]) => candidate === variable) as (typeof BAD)[number];
    const { code, stdout, stderr } = await sweep(["worker"], { env: { ...REQUIRED, [variable]: value } });
    expect({ code, stdout, stderr }).toEqual({ code: 42, stdout: "", stderr: `error: ${message}\n` });
  }
});

test("a bad option is reported by its own name", async () => {
  const { code, stderr } = await sweep(["run", "--total", "ten", "--workers", "0"]);
  expect(code).toBe(42);
  expect(stderr.split("\n")).toEqual([
    'error: --workers: got "0"; allowed is a whole number from 1 to 100,000',
    `error: --total: got "ten"; allowed is ${FROM_ZERO}`,
    "",
  ]);
});
