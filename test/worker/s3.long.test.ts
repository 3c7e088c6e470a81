import { join } from "node:path";
import {
  blocksIn,
  environmentIn,
  expectAnotherTry,
  expectEndByFault,
  messagesOf,
  RESULTS,
  TOTAL,
  writeSquare,
} from "../support/bucket-runs.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { readReceipt, sha256, startSweep, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const EVALUATION = writeSquare(directory);
let s3: FakeS3;

beforeEach(async () => {
  s3 = await FakeS3.start();
});
afterEach(() => s3.stop());

const environment = (changes: Record<string, string> = {}) => environmentIn(s3, EVALUATION, changes);

const runArguments = (results: string) => [
  "run",
  EVALUATION,
  "--total",
  String(TOTAL),
  "--batch-size",
  "1000",
  "--workers",
  "2",
  "--results",
  results,
];

const blocks = () => blocksIn(s3);

test("a block that takes seconds is one object, because every request costs money", async () => {
  const slow = writeEvaluation(
    directory,
    "slow",
    `export function evaluate(parameter: number) {
       const until = performance.now() + 30;
       while (performance.now() < until);
       return parameter;
     }`,
  );
  const args = ["run", slow, "--total", "100", "--batch-size", "100", "--workers", "1", "--results", RESULTS];
  expect((await sweep(args, { env: s3.environment })).code).toBe(0);
  expect(blocks()).toEqual([expect.stringMatching(/\/0+-100\.block$/)]);
});

test("a run in a bucket has the same bytes, failures and receipt as one in a directory", async () => {
  const local = join(directory, "local");
  const download = join(directory, "downloaded");
  expect((await sweep(runArguments(local))).code).toBe(0);
  const remote = await sweep(runArguments(RESULTS), { env: s3.environment });
  expect(remote.code).toBe(0);
  expect(remote.stdout).toContain("Failed: 1\n  parameter 12,345: Error: not this one\n");
  expect(blocks()).toHaveLength(30);
  const verified = await sweep(["verify", RESULTS, "--download", download], { env: s3.environment });
  expect(verified.code).toBe(0);
  for (const file of ["columns/square.f64", "columns/root.f64", "present.bits", "failures.jsonl", "receipt.json"]) {
    expect({ file, digest: sha256(join(download, file)) }).toEqual({ file, digest: sha256(join(local, file)) });
  }
  expect(JSON.parse(s3.objects.get("runs/one/receipt.json")?.toString() ?? "")).toEqual(readReceipt(local));
  expect(JSON.parse((await sweep(["status", RESULTS, "--json"], { env: s3.environment })).stdout)).toMatchObject({
    present: TOTAL - 1,
    failed: 1,
    remaining: 0,
  });
});

test("a worker continues where another stopped, and neither computes nor writes its blocks again", async () => {
  s3.fault = ({ method }) => (method === "PUT" && blocks().length >= 10 ? 403 : undefined);
  const stopped = await sweep(["worker"], { env: environment() });
  expect(stopped.code).toBe(42);
  expect(messagesOf(stopped)).toContain("cannot write to s3://bucket/runs/one/: AccessDenied: as the test asked");
  const before = new Map(s3.objects);
  s3.fault = () => undefined;
  s3.requests.length = 0;
  const resumed = await sweep(["worker"], { env: environment({ TOTAL_WORKERS: "1" }) });
  expect(resumed.code).toBe(0);
  expect(JSON.parse(resumed.stdout.split("\n")[0] as string)).toMatchObject({ resumed: 10_000 });
  expect(s3.requests.filter((request) => request.startsWith("PUT runs/one/blocks/"))).toHaveLength(20);
  for (const [key, object] of before)
    if (key.includes("/blocks/")) expect(s3.objects.get(key)?.equals(object)).toBe(true);
});

test("two workers given the same share do no harm", async () => {
  const both = await Promise.all([
    sweep(["worker"], { env: environment() }),
    sweep(["worker"], { env: environment() }),
  ]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(blocks()).toHaveLength(30);
  expect((await sweep(["verify", RESULTS], { env: s3.environment })).code).toBe(0);
});

// 503 is in s3-slow.long.test.ts, as all that waits long.
test.each([500, 409])("a request with an answer of %d is tried again", (status) =>
  expectAnotherTry(s3, environment(), status),
);

test.each([
  ["500", 500 as const, 75, "cannot write to s3://bucket/runs/one/: InternalError: as the test asked"],
  ["403", 403 as const, 42, "cannot write to s3://bucket/runs/one/: AccessDenied: as the test asked"],
  ["404", 404 as const, 42, "cannot write to s3://bucket/runs/one/: NoSuchBucket: as the test asked"],
  ["nothing", "silence" as const, 75, expect.stringContaining("cannot write to s3://bucket/runs/one/: TimeoutError")],
])("an endpoint that keeps answering %s ends the worker, and committed blocks stay", (_, fault, code, message) =>
  expectEndByFault(s3, environment(), { fault, code, message }),
);

test("SIGTERM waits until the finished blocks are in the bucket", async () => {
  const slow = writeEvaluation(
    directory,
    "slow",
    "export function evaluate(p: number) { let v = p; for (let i = 0; i < 30_000; i++) v = (v * 31 + 7) % 1_000_003; return v; }",
  );
  const { child, finished, output } = startSweep(["worker"], { env: environment({ EVALUATION: slow }) });
  while (!output().includes('"started"') || blocks().length < 3)
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGTERM");
  expect((await finished).code).toBe(143);
  expect(blocks().length).toBeGreaterThanOrEqual(3);
  expect(blocks().length).toBeLessThan(30);
  const { remaining } = JSON.parse((await sweep(["status", RESULTS, "--json"], { env: s3.environment })).stdout);
  // The last may be a part of a block.
  const stored = blocks().reduce((sum, key) => sum + Number(/-(\d+)\.block$/.exec(key)?.[1]), 0);
  expect(remaining).toBe(TOTAL - stored);
});

test("a damaged object is named, and computed again once it is deleted", async () => {
  expect((await sweep(["worker"], { env: environment() })).code).toBe(0);
  const key = blocks()[3] as string;
  const object = Buffer.from(s3.objects.get(key) as Buffer);
  object[100] = (object[100] as number) ^ 1;
  s3.objects.set(key, object);
  const damaged = await sweep(["verify", RESULTS], { env: s3.environment });
  expect(damaged.code).toBe(75);
  expect(damaged.stderr).toBe(
    `error: s3://bucket/${key} is damaged: delete it, and run the sweep again to compute its block anew\n`,
  );
  s3.objects.delete(key);
  expect((await sweep(["verify", RESULTS], { env: s3.environment })).stderr).toContain("1,000 parameters are missing");
  expect((await sweep(["worker"], { env: environment() })).code).toBe(0);
  expect((await sweep(["verify", RESULTS], { env: s3.environment })).code).toBe(0);
});

test("another run in the same place is refused", async () => {
  expect((await sweep(["worker"], { env: environment() })).code).toBe(0);
  const { code, stdout } = await sweep(["worker"], { env: environment({ SEED: "1" }) });
  expect(code).toBe(42);
  expect(stdout).toContain("seed is 0 there and 1 here");
});

test("a missing bucket and missing results end with 42", async () => {
  expect(await sweep(["verify", RESULTS], { env: s3.environment })).toMatchObject({
    code: 42,
    stderr: `error: ${RESULTS} holds no results: it has no run.json. Name the place that the run has printed (Results in ...)\n`,
  });
  s3.fault = () => 404;
  const { code, stderr } = await sweep(runArguments(RESULTS), { env: s3.environment });
  expect({ code, stderr }).toEqual({
    code: 42,
    stderr: "error: cannot read from s3://bucket/runs/one/: NoSuchBucket: as the test asked\n",
  });
});

test.each([
  ["run", (args: readonly string[]) => args],
  ["worker", () => ["worker"]],
] as const)("SIGTERM ends a %s whose bucket falls silent in the middle of its answers", async (_, argumentsOf) => {
  const waiting = writeEvaluation(
    directory,
    "waiting",
    "export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 10, parameter));",
  );
  const args = ["run", waiting, "--total", "10000", "--batch-size", "20", "--workers", "1", "--results", RESULTS];
  const env = environment({
    EVALUATION: waiting,
    TOTAL_PARAMETERS: "10000",
    BATCH_SIZE: "20",
    S3_REQUEST_TIMEOUT_MS: "20000",
  });
  const { child, finished } = startSweep(argumentsOf(args), { env });
  await until(() => blocks().length >= 3);
  s3.fault = ({ method }) => (method === "GET" ? "stall" : undefined);
  child.kill("SIGTERM");
  expect(await finished).toMatchObject({ code: 143, signal: null });
});

test("SIGTERM ends a worker that waits for the first answer of its bucket", async () => {
  s3.fault = () => "stall";
  const { child, finished } = startSweep(["worker"], { env: environment({ S3_REQUEST_TIMEOUT_MS: "20000" }) });
  await until(() => s3.requests.length > 0);
  child.kill("SIGTERM");
  expect(await finished).toMatchObject({ code: 143, signal: null });
});

test("verify goes on where answers are cut or short", async () => {
  expect((await sweep(["worker"], { env: environment() })).code).toBe(0);
  let requests = 0;
  const faults = ["cut", undefined, "short", undefined, undefined] as const;
  s3.fault = ({ method }) => (method === "GET" ? faults[requests++ % faults.length] : undefined);
  expect(await sweep(["verify", RESULTS], { env: s3.environment })).toMatchObject({
    code: 0,
    stderr: "",
  });
});
