import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { PermanentError } from "../../worker/src/contract/errors.ts";
import { createSubmission } from "../../worker/src/engine/submit.ts";
import { findEvaluation } from "../../worker/src/evaluation/source.ts";
import { countOf } from "../../worker/src/parameters/ranges.ts";
import { rangeMessage } from "../../worker/src/queue/messages.ts";
import { directory, double, execute, root, s3, submitted, untilEmpty } from "../support/executor-in-process.ts";
import { MemoryQueue } from "../support/memory-queue.ts";
import { testIdentity } from "../support/stores.ts";
import { writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

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
