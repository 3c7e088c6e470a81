import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { PermanentError } from "../../worker/src/contract/errors.ts";
import { type ExecutorOptions, runExecutor } from "../../worker/src/engine/executor.ts";
import { QueuedRun } from "../../worker/src/engine/queued-run.ts";
import { createSubmission } from "../../worker/src/engine/submit.ts";
import { findEvaluation } from "../../worker/src/evaluation/source.ts";
import { countOf, type Range, union } from "../../worker/src/parameters/ranges.ts";
import { rangeMessage } from "../../worker/src/queue/messages.ts";
import { verify } from "../../worker/src/results/verify.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { MemoryQueue } from "../support/memory-queue.ts";
import { prepareQueuedRun, type TestRun } from "../support/queued-runs.ts";
import { testIdentity } from "../support/stores.ts";
import { temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const root = "s3://bucket/runs";
let s3: FakeS3;
let runs = 0;

beforeAll(async () => {
  s3 = await FakeS3.start();
  s3.pageSize = 1_000;
  Object.assign(process.env, s3.environment, { AWS_MAX_ATTEMPTS: "1" });
});
afterEach(() => {
  s3.fault = () => undefined;
});
afterAll(() => s3.stop());

const double = writeEvaluation(directory, "double", "export const evaluate = (parameter: number) => 2 * parameter;");
/** Takes 10 ms for each parameter. */
const slow = writeEvaluation(
  directory,
  "slow",
  `const never = new Int32Array(new SharedArrayBuffer(4));
   export function evaluate(parameter: number) { Atomics.wait(never, 0, 0, 10); return parameter; }`,
);

/** A run in the bucket that has no messages yet. */
async function submitted(evaluation: string, options: Partial<TestRun> = {}) {
  const name = options.name ?? `run-${++runs}`;
  await prepareQueuedRun(root, { name, evaluation, total: 100, batchSize: 10, ...options });
  const store = await openStore(`${root}/${name}`);
  const run = new QueuedRun(store);
  return {
    name,
    run,
    message: (start: number, count: number) => rangeMessage(name, { start, count }),
    /** The ranges that are committed. */
    committed: () =>
      union(
        [...s3.objects.keys()].flatMap((key) => {
          const [, start, count] = new RegExp(`^runs/${name}/blocks/(\\d+)-(\\d+)\\.block$`).exec(key) ?? [];
          return start === undefined ? [] : [{ start: Number(start), count: Number(count) }];
        }),
      ),
    verified: () => verify(store.url),
  };
}

/** An executor in this process. */
function execute(queue: MemoryQueue, options: Partial<ExecutorOptions> = {}) {
  const stopping = new AbortController();
  const log: string[] = [];
  const note = (_: object, message: string) => log.push(message);
  const finished = runExecutor({
    queue,
    leaseSeconds: 60,
    resultsRoot: root,
    slots: 1,
    sliceSeconds: 30,
    stopGraceSeconds: 5,
    memoryLimitMiB: undefined,
    s3RequestTimeoutMs: 5_000,
    log: { info: note, warn: note },
    signal: stopping.signal,
    ...options,
  });
  finished.catch(() => {});
  return {
    log,
    finished,
    stop: () => {
      stopping.abort();
      return finished;
    },
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setTimeout(2);
}

/** Waits until the queue has neither messages nor work, and stops the executor. */
async function untilEmpty(queue: MemoryQueue, executor: ReturnType<typeof execute>): Promise<void> {
  await until(() => queue.waiting.length === 0 && queue.inFlight === 0);
  await executor.stop();
}

/** The ranges that were sent, in order. */
function sentTo(queue: MemoryQueue): Range[] {
  const sent = queue.events.filter((event) => event.startsWith("send"));
  return sent.map((event) => JSON.parse(event.slice("send ".length)));
}

const rangesOf = (messages: readonly unknown[]): Range[] => messages.map((message) => message as Range);

test("a range is computed, and the last one of a run asks for its receipt before its message is deleted", async () => {
  const run = await submitted(double);
  const queue = new MemoryQueue();
  for (const start of [0, 50]) queue.add(run.message(start, 50));
  await untilEmpty(queue, execute(queue));
  const close = { format: "sweep-close/1", run: run.name };
  expect(queue.events).toEqual([
    `delete ${JSON.stringify(run.message(0, 50))}`,
    `send ${JSON.stringify(close)}`,
    `delete ${JSON.stringify(run.message(50, 50))}`,
    `delete ${JSON.stringify(close)}`,
  ]);
  expect(JSON.parse(s3.objects.get(`runs/${run.name}/receipt.json`)?.toString() ?? "")).toMatchObject({
    present: 100,
    failed: 0,
  });
});

test("after a slice the rest is committed, sent and only then deleted, in pieces that hold all that is left", async () => {
  const run = await submitted(slow, { total: 1_000 });
  const queue = new MemoryQueue();
  s3.fault = ({ method, key }) => {
    if (method === "PUT" && key.includes("/blocks/")) queue.events.push("commit");
    return undefined;
  };
  queue.add(run.message(0, 1_000));
  const executor = execute(queue, { sliceSeconds: 0.3 });
  await until(() => queue.events.some((event) => event.startsWith("delete")));
  const [, ...rest] = queue.events.join("\n").split(/\n(?=send|delete)/);
  const left = sentTo(queue);
  expect(rest.indexOf(`delete ${JSON.stringify(run.message(0, 1_000))}`)).toBe(left.length);
  expect(queue.events[0]).toBe("commit");
  expect(left).toHaveLength(8);
  const [first] = union(left);
  expect(union(left)).toEqual([{ start: first?.start, count: 1_000 - (first?.start ?? 0) }]);
  await executor.stop();
  // The stop has given back what was in work.
  expect(union([...run.committed(), ...rangesOf(queue.waiting)])).toEqual([{ start: 0, count: 1_000 }]);
  expect(queue.inFlight).toBe(0);
});

test.each([
  { deaths: undefined, pieces: 1 },
  { deaths: 1, pieces: 8 },
  { deaths: 2, pieces: 8 },
  { deaths: 3, pieces: 100 },
  { deaths: 7, pieces: 100 },
])("a range whose holder has died becomes $pieces messages at once (deaths: $deaths)", async ({ deaths, pieces }) => {
  const run = await submitted(double, { total: 1_000 });
  const queue = new MemoryQueue();
  const message = { ...run.message(100, 900), deaths };
  queue.add(message, 1);
  const executor = execute(queue, { slots: 2 });
  await until(() => queue.events.includes(`delete ${JSON.stringify(message)}`));
  const sent = sentTo(queue);
  expect(sent).toMatchObject(Array.from({ length: pieces }, () => ({ deaths: (deaths ?? 0) + 1 })));
  expect(countOf(sent)).toBe(900);
  expect(union(sent)).toEqual([{ start: 100, count: 900 }]);
  await executor.stop();
});

test("the deaths of a parameter are counted from one when it is alone, in parts of a range of any size", async () => {
  const run = await submitted(double, { total: 1_000 });
  const queue = new MemoryQueue();
  const message = { ...run.message(100, 7), deaths: 5 };
  queue.add(message, 1);
  const executor = execute(queue);
  await until(() => queue.events.includes(`delete ${JSON.stringify(message)}`));
  expect(sentTo(queue)).toEqual(
    Array.from({ length: 7 }, (_, index) => ({ ...run.message(100 + index, 1), deaths: 1 })),
  );
  await executor.stop();
});

test("a parameter whose holder has died runs alone: what is in work is given back first", async () => {
  const run = await submitted(slow, { total: 1_000 });
  const other = await submitted(double);
  const queue = new MemoryQueue();
  const whole = run.message(0, 1_000);
  queue.add(whole);
  const executor = execute(queue, { slots: 2 });
  await until(() => run.committed().length > 0 || s3.requests.some((request) => request.includes(run.name)));
  // The evaluation is loaded, and works.
  await setTimeout(300);
  const suspect = { ...other.message(7, 1), deaths: 1 };
  queue.add(suspect);
  await until(() => other.committed().length > 0);
  expect(queue.events.indexOf(`delete ${JSON.stringify(whole)}`)).toBeGreaterThan(0);
  expect(queue.events).not.toContain(`delete ${JSON.stringify(suspect)}`);
  await executor.stop();
  expect(other.committed()).toEqual([{ start: 7, count: 1 }]);
  expect(union([...run.committed(), ...rangesOf(queue.waiting)])).toEqual([{ start: 0, count: 1_000 }]);
});

test("a parameter that was alone at three deaths is given up, and is not evaluated again", async () => {
  const run = await submitted(double, { total: 8, batchSize: 8 });
  const queue = new MemoryQueue();
  queue.add({ ...run.message(3, 1), deaths: 3 }, 1);
  queue.add(run.message(0, 3));
  queue.add(run.message(4, 4));
  await untilEmpty(queue, execute(queue));
  const { receipt, failures } = await run.verified();
  expect(receipt).toMatchObject({ present: 7, failed: 1 });
  expect(failures).toMatchObject([{ parameter: 3, kind: "killed" }]);
});

test.each([
  ["no JSON", () => "hello"],
  [
    "another version",
    (name: string) => JSON.stringify({ ...rangeMessage(name, { start: 0, count: 1 }), format: "sweep-range/2" }),
  ],
  ["a run that nobody has submitted", () => JSON.stringify(rangeMessage("nobody", { start: 0, count: 1 }))],
  ["parameters beyond the run", (name: string) => JSON.stringify(rangeMessage(name, { start: 99, count: 2 }))],
])("a message with %s stays in the queue, and the executor goes on", async (_, textOf) => {
  const run = await submitted(double);
  const queue = new MemoryQueue();
  // It is not divided: the queue gives it up at the sixth receive.
  queue.add(textOf(run.name), 4);
  queue.add(run.message(0, 10));
  const executor = execute(queue);
  await until(() => queue.events.length > 0);
  await executor.stop();
  expect(queue.events).toEqual([`delete ${JSON.stringify(run.message(0, 10))}`]);
  expect(queue.inFlight).toBe(1);
  expect(executor.log.filter((line) => line.startsWith("a message stays in the queue"))).toHaveLength(1);
});

test.each(["cancelled", "failed"] as const)("messages of a run that was %s are deleted", async (kind) => {
  const run = await submitted(double);
  await run.run.stop(kind, "for a reason");
  const queue = new MemoryQueue();
  queue.add(run.message(0, 100));
  await untilEmpty(queue, execute(queue));
  expect(queue.events).toEqual([`delete ${JSON.stringify(run.message(0, 100))}`]);
  expect(run.committed()).toEqual([]);
});

/** An evaluation that does something else when it is loaded again, after it was submitted. */
function writeLater(name: string, later: string): string {
  const marker = JSON.stringify(join(directory, `${name} was loaded`));
  return writeEvaluation(
    directory,
    name,
    `import { existsSync, writeFileSync } from "node:fs";
     if (existsSync(${marker})) ${later}
     writeFileSync(${marker}, "");
     export const evaluate = (parameter: number) => parameter;`,
  );
}

test("an evaluation that cannot be loaded fails its run with the reason, and the executor goes on with another run", async () => {
  const broken = await submitted(writeLater("broken", 'throw new Error("no library");'));
  const run = await submitted(double);
  const queue = new MemoryQueue();
  queue.add(broken.message(0, 10));
  queue.add(run.message(0, 100));
  await untilEmpty(queue, execute(queue));
  expect((await broken.run.read()).stop).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("no library"),
  });
  expect((await run.verified()).receipt.present).toBe(100);
});

test("an evaluation with other columns than those it was submitted with fails its run, and names both", async () => {
  const { bundle, sha256 } = findEvaluation(double);
  const identity = { ...testIdentity(100, 10, ["steps", "peak"]), evaluation: "double", evaluationSha256: sha256 };
  const { run, name } = await createSubmission(`${root}/other-columns`, identity, bundle, {}, {});
  await run.submit({});
  const queue = new MemoryQueue();
  queue.add(rangeMessage(name, { start: 0, count: 100 }));
  await untilEmpty(queue, execute(queue));
  expect((await run.read()).stop).toMatchObject({
    kind: "failed",
    reason:
      "the evaluation exports the columns value, and s3://bucket/runs/other-columns was submitted with steps, peak: submit it again with those that it exports",
  });
});

test("a run that is complete has a table beside its receipt, and is closed without one", async () => {
  const [run, without] = [await submitted(double), await submitted(double)];
  s3.fault = ({ method, key }) =>
    method === "PUT" && key === `runs/${without.name}/results.parquet` ? 403 : undefined;
  const queue = new MemoryQueue();
  for (const { message } of [run, without]) queue.add(message(0, 100));
  const executor = execute(queue);
  await untilEmpty(queue, executor);
  expect([run, without].map(({ name }) => s3.objects.has(`runs/${name}/receipt.json`))).toEqual([true, true]);
  expect([run, without].map(({ name }) => s3.objects.has(`runs/${name}/results.parquet`))).toEqual([true, false]);
  const [told] = executor.log.filter((line) => line.includes("results.parquet"));
  expect(told).toMatch(/^no results.parquet: cannot write to/);
});

test("a run with too many failures is failed, and what was computed stays", async () => {
  const evaluation = writeEvaluation(
    directory,
    "throws",
    'export function evaluate(parameter: number) { if (parameter >= 10) throw new Error("odd"); return parameter; }',
  );
  const run = await submitted(evaluation, { settings: { maxFailures: 5 } });
  const queue = new MemoryQueue();
  queue.add(run.message(0, 100));
  await untilEmpty(queue, execute(queue));
  expect((await run.run.read()).stop?.reason).toMatch(/^more than 5 parameters failed/);
  expect(countOf(run.committed())).toBeGreaterThanOrEqual(10);
});

test("a bucket that refuses a run three times may have a role that changes, and one that goes on refusing fails the run", async () => {
  const [short, long] = [await submitted(double), await submitted(double)];
  const queue = new MemoryQueue();
  let refusals = 0;
  s3.fault = ({ method, key }) =>
    method === "PUT" && key.includes("/blocks/") && (key.includes(long.name) || refusals++ < 3) ? 403 : undefined;
  queue.add(short.message(0, 10));
  await untilEmpty(queue, execute(queue));
  expect(queue.delays).toEqual([15, 30, 60]);
  expect((await short.run.read()).stop).toBeUndefined();
  expect(countOf(short.committed())).toBe(10);
  queue.add(long.message(0, 10));
  await untilEmpty(queue, execute(queue));
  expect((await long.run.read()).stop).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("cannot write to"),
  });
});

test("a message comes again later while the bucket is away, and is left to the dead-letter queue after five hours", async () => {
  const run = await submitted(double);
  const queue = new MemoryQueue();
  s3.fault = ({ key }) => (key.includes(run.name) ? 500 : undefined);
  queue.add(run.message(0, 10));
  const executor = execute(queue);
  await until(() =>
    executor.log.some((line) => line.startsWith("a message stays in the queue: it was tried 24 times")),
  );
  await executor.stop();
  expect(queue.delays.slice(0, 8)).toEqual([15, 30, 60, 120, 240, 480, 900, 900]);
  expect(queue.delays).toHaveLength(24);
  expect(queue.inFlight).toBe(1);
});

test("whoever loses the lease of a message sends nothing and deletes nothing", async () => {
  const run = await submitted(slow, { total: 1_000 });
  const queue = new MemoryQueue();
  queue.add(run.message(0, 1_000));
  const executor = execute(queue, { leaseSeconds: 1.5 });
  await until(() => queue.inFlight === 1);
  // Somebody else has it now.
  queue.receive = (_most, _wait, signal) =>
    new Promise((none) => signal?.addEventListener("abort", () => none([]), { once: true }));
  queue.expire();
  await until(() => executor.log.includes("the lease of a message has ended: somebody else may have it"));
  await executor.stop();
  expect(queue.events).toEqual([]);
});

test.each(["send", "delete"] as const)(
  "an executor that ends before it can %s leaves a message that is finished by another",
  async (step) => {
    const run = await submitted(slow, { total: 200 });
    const queue = new MemoryQueue();
    queue.add(run.message(0, 200));
    let isDead = false;
    const { receive } = queue;
    queue.fault = (action) => {
      if (action === step) isDead = true;
      // Nothing of a dead process arrives.
      if (isDead) throw new Error("crash");
    };
    const executor = execute(queue, { sliceSeconds: 0.2 });
    await until(() => isDead);
    await executor.stop().catch(() => {});
    expect(countOf(run.committed())).toBeGreaterThan(0);
    expect(queue.events.length > 0).toBe(step === "delete");
    queue.fault = () => {};
    queue.receive = receive;
    queue.expire();
    await untilEmpty(queue, execute(queue, { slots: 2 }));
    expect((await run.verified()).receipt).toMatchObject({ present: 200, failed: 0 });
  },
);

test.each(["send", "delete"] as const)(
  "a queue that refuses to %s for a moment gets each message once",
  async (step) => {
    const run = await submitted(slow, { total: 1_000 });
    const queue = new MemoryQueue();
    const message = run.message(0, 1_000);
    queue.add(message);
    let refusals = 0;
    queue.fault = (action) => {
      // Somebody deploys another policy, for example.
      if (action === step && ++refusals === 1) throw new PermanentError("AccessDenied");
    };
    const executor = execute(queue, { sliceSeconds: 0.2 });
    await until(() => queue.events.includes(`delete ${JSON.stringify(message)}`));
    expect(sentTo(queue)).toHaveLength(8);
    expect(executor.log).toContain("AccessDenied");
    await executor.stop();
    expect(union([...run.committed(), ...rangesOf(queue.waiting)])).toEqual([{ start: 0, count: 1_000 }]);
  },
);

test.each([
  ["cancelled", { maxFailures: 0 }, "cancelled"],
  ["submitted again with other settings", { maxFailures: 9 }, undefined],
])("an error of a run that was %s meanwhile does not fail it", async (_, settings, kind) => {
  const evaluation = writeEvaluation(
    directory,
    `throws-${kind}`,
    `const never = new Int32Array(new SharedArrayBuffer(4));
     export function evaluate(parameter: number) { if (parameter === 5) throw new Error("odd"); Atomics.wait(never, 0, 0, 100); return parameter; }`,
  );
  const run = await submitted(evaluation, { total: 10, batchSize: 10, settings: { maxFailures: 0 } });
  const queue = new MemoryQueue();
  queue.add(run.message(0, 10));
  const executor = execute(queue);
  // The evaluation works, with the settings of then.
  await until(() => s3.requests.some((request) => request.includes(`runs/${run.name}/evaluation-`)));
  if (kind === "cancelled") await run.run.stop("cancelled", "for a reason");
  else await run.run.submit(settings);
  await untilEmpty(queue, executor);
  expect(executor.log.some((line) => line.includes("before this: more than 0 parameters failed"))).toBe(true);
  expect((await run.run.read()).stop?.kind).toBe(kind);
  expect(s3.objects.has(`runs/${run.name}/receipt.json`)).toBe(kind === undefined);
});

test("an executor that is stopped while it loads an evaluation gives the message back at once", async () => {
  const run = await submitted(writeLater("loads-long", "await new Promise((loaded) => setTimeout(loaded, 600_000));"));
  const queue = new MemoryQueue();
  queue.add(run.message(0, 100));
  const executor = execute(queue);
  await until(() => s3.requests.some((request) => request.includes(`runs/${run.name}/evaluation-`)));
  await setTimeout(200);
  await executor.stop();
  expect(queue.waiting).toEqual([run.message(0, 100)]);
  expect(queue.inFlight).toBe(0);
});

test("a run that is submitted again is computed with its new settings", async () => {
  const evaluation = writeEvaluation(
    directory,
    "takes",
    "export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 100, parameter));",
  );
  const run = await submitted(evaluation, { total: 4, batchSize: 2, settings: { evaluationTimeoutSeconds: 0.01 } });
  const queue = new MemoryQueue();
  queue.add(run.message(0, 2));
  const executor = execute(queue);
  await until(() => queue.events.length === 1);
  await run.run.stop("cancelled", "too short");
  await run.run.submit({ evaluationTimeoutSeconds: 10 });
  queue.add(run.message(2, 2));
  await untilEmpty(queue, executor);
  expect((await run.verified()).failures.map(({ parameter }) => parameter)).toEqual([0, 1]);
});

test("an evaluation that waits with much memory is ended before another run is worked on, and a small one stays", async () => {
  const hold = (name: string, values: number) =>
    writeEvaluation(
      directory,
      name,
      `import { appendFileSync } from "node:fs";
       const data = new Float64Array(${values}).fill(1);
       appendFileSync(${JSON.stringify(join(directory, `${name}.pid`))}, process.pid + "\\n");
       export const evaluate = (parameter: number) => parameter + data.length;`,
    );
  const starts = (name: string) =>
    readFileSync(join(directory, `${name}.pid`), "utf8")
      .trim()
      .split("\n")
      .slice(1);
  const [large, small] = [await submitted(hold("large", 20_000_000)), await submitted(hold("small", 1))];
  const queue = new MemoryQueue();
  const executor = execute(queue, { memoryLimitMiB: 8_192 });
  for (const start of [0, 10, 20]) {
    for (const run of [large, small]) {
      queue.add(run.message(start, 10));
      await until(() => queue.waiting.length === 0 && queue.inFlight === 0);
    }
  }
  await executor.stop();
  expect(starts("large")).toHaveLength(3);
  expect(starts("small")).toHaveLength(1);
});

test("a queue that is not there at the start ends the executor, and one that goes away later does not", async () => {
  const missing = new MemoryQueue();
  missing.fault = () => {
    throw new PermanentError("there is no such queue");
  };
  await expect(execute(missing).finished).rejects.toThrow("there is no such queue");

  const run = await submitted(double);
  const queue = new MemoryQueue();
  let receives = 0;
  queue.fault = (action) => {
    if (action === "receive" && ++receives === 2) throw new PermanentError("there is no such queue");
  };
  queue.add(run.message(0, 50));
  const executor = execute(queue);
  await until(() => executor.log.includes("there is no such queue"));
  queue.add(run.message(50, 50));
  await untilEmpty(queue, executor);
  expect((await run.verified()).receipt.present).toBe(100);
});
