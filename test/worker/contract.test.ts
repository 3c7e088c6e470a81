import {
  describeProblem,
  LIMITS,
  PermanentError,
  problemsOf,
  readSettings,
  SETTING_NAMES,
  toEnvironment,
  variableName,
  type WorkerSettings,
} from "sweep-worker/contract";
import { sweep } from "../support/sweep.ts";

const REQUIRED = { WORKER_ID: "0", TOTAL_WORKERS: "3", TOTAL_PARAMETERS: "10000000" };

function errorOf(environment: Record<string, string>): string {
  try {
    readSettings(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    return (error as Error).message;
  }
  throw new Error("accepted");
}

test("a setting that is not set has its default", () => {
  expect(readSettings(REQUIRED)).toEqual({
    workerId: 0,
    totalWorkers: 3,
    totalParameters: 10_000_000,
    batchSize: 10_000,
    partition: "block-cyclic",
    seed: 0,
    evaluation: "collatz",
    evaluationTimeoutSeconds: 60,
    stopGraceSeconds: 20,
    maxFailures: 10_000,
    s3RequestTimeoutMs: 20_000,
    simulateWorkMs: 0,
    logLevel: "info",
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
    MEMORY_LIMIT_MIB: "512",
    STOP_GRACE_SECONDS: "2.5",
    MAX_FAILURES: "0",
    SEED: "42",
    PARTITION: "contiguous",
    RESULTS_URL: "s3://bucket/prefix",
    S3_REQUEST_TIMEOUT_MS: "100",
  };
  const settings = readSettings(environment);
  expect(settings).toEqual({
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
    memoryLimitMiB: 512,
    stopGraceSeconds: 2.5,
    maxFailures: 0,
    seed: 42,
    partition: "contiguous",
    resultsUrl: "s3://bucket/prefix",
    s3RequestTimeoutMs: 100,
  });
  expect(toEnvironment(settings)).toEqual(environment);
});

test("WORKER_ID falls back to JOB_COMPLETION_INDEX, and wins over it", () => {
  const { WORKER_ID: _, ...rest } = REQUIRED;
  expect(readSettings({ ...rest, JOB_COMPLETION_INDEX: "1" }).workerId).toBe(1);
  expect(readSettings({ ...REQUIRED, JOB_COMPLETION_INDEX: "1" }).workerId).toBe(0);
});

test("numbers are read as JavaScript writes them, so that no value is lost between two halves", () => {
  for (const text of ["10000000", "10_000_000", "1e7", "1E+7", "0.1e8", "10_000_000.0"]) {
    expect(readSettings({ ...REQUIRED, TOTAL_PARAMETERS: text }).totalParameters).toBe(10_000_000);
  }
  for (const simulateWorkMs of [1e-7, 0.1, 3_600_000]) {
    const settings = { workerId: 0, totalWorkers: 1, totalParameters: 1, simulateWorkMs };
    expect(problemsOf(settings)).toEqual([]);
    expect(readSettings(toEnvironment(settings)).simulateWorkMs).toBe(simulateWorkMs);
  }
});

test("a property has the name of its variable", () => {
  expect(variableName("simulateWorkMs")).toBe("SIMULATE_WORK_MS");
  expect(variableName("s3RequestTimeoutMs")).toBe("S3_REQUEST_TIMEOUT_MS");
  expect(variableName("memoryLimitMiB")).toBe("MEMORY_LIMIT_MIB");
});

const FROM_ZERO = "a whole number from 0 to 9,007,199,254,740,991";
const NAMES = "a list of different names of letters, digits and _, without parameter and error";

/** Each variable, a bad value, and the line that reports it. */
const BAD: readonly (readonly [variable: string, value: string, message: string])[] = [
  ["WORKER_ID", "-1", "WORKER_ID must be a whole number from 0 to 99,999, got -1: use for example 0"],
  ["WORKER_ID", "one", 'WORKER_ID must be a whole number from 0 to 99,999, got "one": use for example 0'],
  [
    "WORKER_ID",
    "3",
    "WORKER_ID must be a whole number below TOTAL_WORKERS, which is 3, got 3: number the workers from 0",
  ],
  ["TOTAL_WORKERS", "0", "TOTAL_WORKERS must be a whole number from 1 to 100,000, got 0: use for example 3"],
  ["TOTAL_WORKERS", "100001", "TOTAL_WORKERS must be a whole number from 1 to 100,000, got 100001: use for example 3"],
  ...["0x10", "1e7.5", "10__000", "_10", "10_", "1_e7", "10,000", "1e999", "Infinity", " 10"].map((text) => {
    return [
      "TOTAL_PARAMETERS",
      text,
      `TOTAL_PARAMETERS must be ${FROM_ZERO}, got "${text}": use for example 10000000`,
    ] as const;
  }),
  ["TOTAL_PARAMETERS", "1e-3", `TOTAL_PARAMETERS must be ${FROM_ZERO}, got 0.001: use for example 10000000`],
  [
    "TOTAL_PARAMETERS",
    "9007199254740992",
    `TOTAL_PARAMETERS must be ${FROM_ZERO}, got 9007199254740992: use for example 10000000`,
  ],
  ["BATCH_SIZE", "0", "BATCH_SIZE must be a whole number from 1 to 10,000,000, got 0: use for example 10000"],
  ["BATCH_SIZE", "1.5", "BATCH_SIZE must be a whole number from 1 to 10,000,000, got 1.5: use for example 10000"],
  ["BATCH_SIZE", "", 'BATCH_SIZE must be a whole number from 1 to 10,000,000, got "": use for example 10000'],
  [
    "SIMULATE_WORK_MS",
    "fast",
    'SIMULATE_WORK_MS must be a number of milliseconds from 0 to 3,600,000, got "fast": use for example 0.5',
  ],
  [
    "LOG_LEVEL",
    "INFO",
    'LOG_LEVEL must be trace, debug, info, warn, error or silent, got "INFO": use for example "info"',
  ],
  [
    "EVALUATION",
    "",
    'EVALUATION must be the name of a bundled evaluation, or the path of a module, got "": use for example "collatz"',
  ],
  [
    "EVALUATION_COMMAND",
    " ",
    'EVALUATION_COMMAND must be a command line, got " ": use for example "python3 evaluations/evaluate.py"',
  ],
  [
    "RESULT_COLUMNS",
    "steps",
    'RESULT_COLUMNS must be left out unless EVALUATION_COMMAND is set, got "steps": remove it; a module exports its own columns',
  ],
  ["RESULT_COLUMNS", "a b", `RESULT_COLUMNS must be ${NAMES}, got "a b": use for example "steps,peak"`],
  ["RESULT_COLUMNS", "a,A", `RESULT_COLUMNS must be ${NAMES}, got "a,A": use for example "steps,peak"`],
  ["RESULT_COLUMNS", "error", `RESULT_COLUMNS must be ${NAMES}, got "error": use for example "steps,peak"`],
  [
    "EVALUATION_TIMEOUT_SECONDS",
    "-1",
    "EVALUATION_TIMEOUT_SECONDS must be a number of seconds from 0 to 1,000,000, got -1: use for example 60",
  ],
  ["MAX_FAILURES", "1%", `MAX_FAILURES must be ${FROM_ZERO}, got "1%": use for example 100`],
  ["SEED", "Infinity", `SEED must be ${FROM_ZERO}, got "Infinity": use for example 42`],
  ["PARTITION", "random", 'PARTITION must be block-cyclic or contiguous, got "random": use for example "block-cyclic"'],
  [
    "RESULTS_URL",
    "http://example.com",
    'RESULTS_URL must be file:<directory> or s3://<bucket>/<prefix>, got "http://example.com": use for example "s3://bucket/runs/first"',
  ],
  [
    "RESULTS_URL",
    "s3://Bucket",
    'RESULTS_URL must be file:<directory> or s3://<bucket>/<prefix>, got "s3://Bucket": use for example "s3://bucket/runs/first"',
  ],
  [
    "S3_REQUEST_TIMEOUT_MS",
    "0",
    "S3_REQUEST_TIMEOUT_MS must be a whole number of milliseconds from 1 to 3,600,000, got 0: use for example 20000",
  ],
];

test.each(BAD)("%s=%j is refused with what is allowed", (variable, value, message) => {
  expect(errorOf({ ...REQUIRED, [variable]: value })).toBe(message);
});

test("a variable that must be set says so", () => {
  const { TOTAL_PARAMETERS: _, ...rest } = REQUIRED;
  expect(errorOf(rest)).toBe(`TOTAL_PARAMETERS must be ${FROM_ZERO}, got nothing: set it, for example to 10000000`);
});

test("more blocks than a worker can enumerate are refused with the batch size that is enough", () => {
  expect(errorOf({ ...REQUIRED, TOTAL_PARAMETERS: "1000000000000", BATCH_SIZE: "10" })).toBe(
    "BATCH_SIZE must be 100,000 or more, because TOTAL_PARAMETERS is 1,000,000,000,000, got 10: a run has 10,000,000 blocks at most; use larger blocks",
  );
});

test("all problems are reported at once", () => {
  expect(errorOf({ ...REQUIRED, SEED: "x", PARTITION: "y" }).split("\n")).toHaveLength(2);
});

describe("the problems of typed settings", () => {
  const right: WorkerSettings = { workerId: 0, totalWorkers: 3, totalParameters: 100 };
  const problems = (changes: object, names = SETTING_NAMES) =>
    problemsOf({ ...right, ...changes }, names).map(describeProblem);

  test("are none where only what must be set is set", () => {
    expect(problems({})).toEqual([]);
    expect(problems({ batchSize: undefined, resultsUrl: undefined })).toEqual([]);
  });

  test("call settings and values as TypeScript writes them", () => {
    expect(problems({ batchSize: 0, seed: "1", evaluationCommand: "a", resultColumns: ["a b"] })).toEqual([
      "batchSize must be a whole number from 1 to 10,000,000, got 0: use for example 10000",
      'seed must be a whole number from 0 to 9,007,199,254,740,991, got "1": use for example 42',
      `resultColumns must be ${NAMES}, got ["a b"]: use for example ["steps","peak"]`,
    ]);
  });

  test("between settings are found beside those of others", () => {
    expect(problems({ seed: -1, totalParameters: LIMITS.blocks + 1, batchSize: 1, workerId: 3 })).toEqual([
      "seed must be a whole number from 0 to 9,007,199,254,740,991, got -1: use for example 42",
      "workerId must be a whole number below totalWorkers, which is 3, got 3: number the workers from 0",
      "batchSize must be 2 or more, because totalParameters is 10,000,001, got 1: a run has 10,000,000 blocks at most; use larger blocks",
    ]);
  });

  test("are none at the limits themselves", () => {
    expect(problems({ totalParameters: LIMITS.blocks, batchSize: 1, totalWorkers: 100_000, workerId: 99_999 })).toEqual(
      [],
    );
  });

  test("are those of the names that are asked for", () => {
    expect(problems({ workerId: undefined, seed: -1 }, ["seed"])).toHaveLength(1);
    expect(problems({ workerId: 7 }, ["totalWorkers", "totalParameters"])).toEqual([]);
    expect(problems({ totalParameters: undefined }, ["totalParameters"])).toEqual([
      `totalParameters must be ${FROM_ZERO}, got nothing: set it, for example to 10000000`,
    ]);
  });
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
    "error: --workers must be a whole number from 1 to 100,000, got 0: use for example 3",
    `error: --total must be ${FROM_ZERO}, got "ten": use for example 10000000`,
    "",
  ]);
});
