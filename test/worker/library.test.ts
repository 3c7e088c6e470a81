import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import {
  EXIT_CODE,
  exportResults,
  findEvaluation,
  loadEvaluation,
  readProgress,
  resultBlocks,
  runWorker,
  SweepError,
  sample,
  verify,
  type WorkerProgress,
} from "sweep-worker";
import { RESULTS_FORMAT, type RunIdentity } from "../../worker/src/contract/identity.ts";
import type { CompletedPart } from "../../worker/src/evaluation/protocol.ts";
import { createChecksum } from "../../worker/src/stores/checksum.ts";
import { ColumnFiles } from "../../worker/src/stores/column-files.ts";
import { FileStore } from "../../worker/src/stores/file-store.ts";
import type { FailureKind } from "../../worker/src/stores/store.ts";
import { isAlive } from "../support/processes.ts";
import { readFailures, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const EVALUATION = writeEvaluation(
  directory,
  "triple",
  'export function evaluate(parameter: number) { if (parameter === 7) throw new Error("seven"); return 3 * parameter; }',
);
const SLOW = writeEvaluation(
  directory,
  "slow",
  "export const evaluate = (parameter: number) => new Promise((done) => setTimeout(done, 5, parameter));",
);
const optionsOf = (name: string, evaluation = EVALUATION) => ({
  evaluation,
  totalParameters: 1_000,
  totalWorkers: 2,
  batchSize: 100,
  resultsUrl: `file:${join(directory, name)}`,
});

async function errorOf(running: Promise<unknown>): Promise<SweepError> {
  const error = await running.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(SweepError);
  return error;
}

async function valuesOf(url: string): Promise<number[]> {
  const { reader } = await verify(url);
  const values: number[] = [];
  for await (const { columns } of resultBlocks(reader)) values.push(...(columns.value ?? []));
  return values;
}

test("shares that programs run make a run that is complete, and only then verified", async () => {
  const options = optionsOf("shares");
  const reported: WorkerProgress[] = [];
  const logged: string[] = [];
  const log = {
    info: (_: object, text: string) => logged.push(text),
    warn: (_: object, text: string) => logged.push(text),
  };
  const done = await runWorker({ ...options, workerId: 0 }, { log, onProgress: (progress) => reported.push(progress) });
  expect(done).toEqual({ share: 500, resumed: 0, committed: 500, inBlock: 0, failed: done.failed });
  expect(reported[0]).toEqual({ share: 500, resumed: 0, committed: 0, inBlock: 0, failed: 0 });
  expect(reported.at(-1)).toEqual(done);
  expect([logged[0], logged.at(-1)]).toEqual(["started", "[WORKER 0] Processed: 500 parameters"]);
  expect(await readProgress(options.resultsUrl)).toMatchObject({
    total: 1_000,
    present: 500 - done.failed,
    remaining: 500,
  });
  const error = await errorOf(verify(options.resultsUrl));
  expect(error.exitCode).toBe(EXIT_CODE.TRY_AGAIN);
  expect(error.message).toMatch(
    / is not complete: 500 parameters are missing \(.*\)\. Start the run again: it computes only these$/,
  );
  expect(existsSync(join(directory, "shares/receipt.json"))).toBe(false);

  await runWorker({ ...options, workerId: 1 });
  const { receipt, failures } = await verify(options.resultsUrl);
  expect(receipt).toMatchObject({ totalParameters: 1_000, present: 999, failed: 1 });
  expect(failures).toEqual([{ parameter: 7, kind: "threw", error: "Error: seven" }]);
  expect(await valuesOf(options.resultsUrl)).toEqual(
    Array.from({ length: 1_000 }, (_, parameter) => (parameter === 7 ? Number.NaN : 3 * parameter)),
  );
});

test("an aborted worker keeps what is committed and rejects with 143, and the next one resumes", async () => {
  const options = { ...optionsOf("stopped", SLOW), totalParameters: 200, batchSize: 20, totalWorkers: 1, workerId: 0 };
  const stopping = new AbortController();
  const onProgress = ({ committed }: WorkerProgress) => {
    if (committed >= 40) stopping.abort();
  };
  const error = await errorOf(runWorker(options, { signal: stopping.signal, onProgress }));
  expect({ name: error.name, exitCode: error.exitCode }).toEqual({
    name: "StoppedError",
    exitCode: EXIT_CODE.TERMINATED,
  });
  const { present, remaining } = await readProgress(options.resultsUrl);
  expect(present).toBeGreaterThanOrEqual(40);
  expect(remaining).toBeGreaterThan(0);
  expect(error.message).toBe(
    `the run was stopped with ${remaining} parameters of the share left: everything finished is committed, start it again to resume`,
  );
  const { resumed, committed } = await runWorker(options);
  expect({ resumed, committed }).toEqual({ resumed: present, committed: remaining });
});

test("an evaluation that must stop reports the finished part of its block, with other blocks behind it", async () => {
  const { session } = await loadEvaluation({ evaluation: SLOW });
  const path = join(directory, "value.f64");
  const limits = { timeoutMs: 0, inFlightPath: join(directory, "in-flight") };
  session.send({ type: "open", spoolPaths: [path], batchSize: 1_000, completeEveryMs: 60_000, ...limits });
  const blocks = [0, 1_000, 2_000].map((start) => ({ start, count: 1_000, position: start }));
  session.send({ type: "blocks", blocks });
  let done = 0;
  while (done === 0) {
    const event = await session.next();
    if (event?.type === "message" && event.message.type === "progress") done = event.message.done;
  }
  await session.finish(30_000);
  const parts: CompletedPart[] = [];
  for (let event = await session.next(); event?.type !== "ended"; event = await session.next()) {
    if (event?.type === "message" && event.message.type === "completed") parts.push(...event.message.parts);
  }
  expect(parts).toEqual([
    { block: 0, start: 0, count: expect.any(Number), checksum: expect.any(String), failures: [] },
  ]);
  expect(parts[0]?.count).toBeGreaterThanOrEqual(done);
});

test("a worker whose signal is aborted already starts nothing", async () => {
  const options = { ...optionsOf("never"), workerId: 0 };
  expect((await errorOf(runWorker(options, { signal: AbortSignal.abort() }))).exitCode).toBe(EXIT_CODE.TERMINATED);
  expect(existsSync(join(directory, "never"))).toBe(false);
});

/** An evaluation that writes the id of its process to a file and then runs `code`, and a promise of that id. */
function evaluationWithProcess(name: string, code: string) {
  const file = join(directory, `${name}.pid`);
  const source = `
    import { renameSync, writeFileSync } from "node:fs";
    writeFileSync(${JSON.stringify(`${file}.new`)}, String(process.pid));
    renameSync(${JSON.stringify(`${file}.new`)}, ${JSON.stringify(file)});
    ${code}
    export const evaluate = (parameter: number) => parameter;`;
  const processId = async () => {
    await until(() => existsSync(file));
    return Number(readFileSync(file, "utf8"));
  };
  return { evaluation: writeEvaluation(directory, name, source), processId };
}

/** Resolves when a process has ended. */
const endOf = (processId: number) => until(() => !isAlive(processId));

// A program would not end while the process of its evaluation is alive.
test("a worker that is stopped while its evaluation loads ends the evaluation's process, and creates no store", async () => {
  const { evaluation, processId } = evaluationWithProcess("loading", "for (;;);");
  const stopping = new AbortController();
  const running = errorOf(runWorker({ ...optionsOf("loading", evaluation), workerId: 0 }, { signal: stopping.signal }));
  const id = await processId();
  stopping.abort();
  expect((await running).name).toBe("StoppedError");
  await endOf(id);
  expect(existsSync(join(directory, "loading"))).toBe(false);
});

test("a worker whose results cannot be opened ends the evaluation's process", async () => {
  const { evaluation, processId } = evaluationWithProcess("unwritable", "");
  mkdirSync(join(directory, "unwritable/columns/value.f64"), { recursive: true });
  const error = await errorOf(runWorker({ ...optionsOf("unwritable", evaluation), workerId: 0 }));
  expect(error.message).toContain(`cannot use ${join(directory, "unwritable/columns/value.f64")}: EISDIR`);
  await endOf(await processId());
});

test("results are exported to a stream that stays open", async () => {
  const options = { ...optionsOf("stream"), totalWorkers: 1, workerId: 0, totalParameters: 3 };
  await runWorker(options);
  const stream = new PassThrough();
  await exportResults(options.resultsUrl, { format: "csv", output: stream });
  expect(stream.writableEnded).toBe(false);
  stream.end();
  expect(Buffer.concat(await stream.toArray()).toString()).toBe("parameter,value\n0,0\n1,3\n2,6\n");
});

test("bundling an evaluation leaves neither a process nor an environment variable behind", () => {
  const before = { ...process.env };
  findEvaluation(EVALUATION);
  expect({ ...process.env }).toEqual(before);
  const processes = execFileSync("ps", ["-A", "-o", "ppid=,comm="], { encoding: "utf8" });
  const children = processes.split("\n").filter((line) => Number.parseInt(line, 10) === process.pid);
  expect(children.join("\n")).toMatch(/ps/);
  expect(children.filter((line) => line.includes("esbuild"))).toEqual([]);
});

test("an evaluation may import more data than esbuild prints by default", () => {
  writeFileSync(join(directory, "large.bin"), Buffer.alloc(17 * 2 ** 20));
  const evaluation = writeEvaluation(
    directory,
    "large",
    'import data from "./large.bin"; export const evaluate = (parameter: number) => data[parameter];',
  );
  expect(findEvaluation(evaluation).bundle?.length).toBeGreaterThan(17 * 2 ** 20);
});

test("evaluations are bundled at the same time without disturbing each other", async () => {
  const [first, second] = await Promise.all([
    loadEvaluation({ evaluation: EVALUATION }),
    loadEvaluation({ evaluation: "collatz" }),
  ]);
  for (const { session } of [first, second]) session.close();
  expect([first.columns, second.columns]).toEqual([["value"], ["steps"]]);
  expect(first.evaluation.sha256).toBe(findEvaluation(EVALUATION).sha256);
});

test("settings of an evaluation are checked before it is loaded", async () => {
  const error = await errorOf(loadEvaluation({ evaluation: EVALUATION, seed: -1, resultColumns: ["a"] }));
  expect(error.message.split("\n")).toEqual([
    "seed must be a whole number from 0 to 9,007,199,254,740,991, got -1: use for example 42",
    expect.stringMatching(/^resultColumns must be left out unless evaluationCommand is set, got \["a"\]: /),
  ]);
});

test("a sample measures, counts failures, and ends early with what it has", async () => {
  const stopping = new AbortController();
  const onProgress = (_: number, evaluations: number) => {
    if (evaluations > 100) stopping.abort();
  };
  const loaded = await loadEvaluation({ evaluation: SLOW });
  const measured = await sample(loaded, {
    totalParameters: 1_000,
    seconds: 60,
    signal: stopping.signal,
    onProgress,
  });
  expect(measured.secondsPerParameter).toBeGreaterThan(0.004);
  expect(measured.evaluations).toBeGreaterThan(100);
  expect(measured.failed).toBe(0);
});

test("a run of an older version, whose invalid results are called garbage, is verified and resumed", async () => {
  const place = join(directory, "older");
  const identity: RunIdentity = {
    format: RESULTS_FORMAT,
    evaluation: "older",
    evaluationSha256: "0".repeat(64),
    columns: ["value"],
    totalParameters: 2,
    batchSize: 2,
    seed: 0,
  };
  const store = new FileStore(place);
  await store.create(identity, undefined);
  const writer = await store.write(identity);
  const values = [Float64Array.of(1, Number.NaN)];
  const files = ColumnFiles.open(writer.spool.paths);
  files.write(0, 2, values);
  files.close();
  const checksum = (await createChecksum())(0, values);
  const failures = [{ parameter: 1, kind: "garbage" as FailureKind, error: "returned null; expected a number" }];
  await writer.commit([{ start: 0, count: 2, checksum, failures, position: 0 }]);
  expect(readFileSync(join(place, "commits.log"), "utf8")).toContain('"kind":"garbage"');
  expect(await writer.committed([{ start: 0, count: 2 }])).toEqual([{ start: 0, count: 2 }]);
  await writer.close();
  expect((await verify(place)).failures).toEqual([{ ...failures[0], kind: "invalid-result" }]);
  expect(readFailures(place)).toEqual([{ ...failures[0], kind: "invalid-result" }]);
});
