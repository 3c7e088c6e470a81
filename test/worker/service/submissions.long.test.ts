import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import type { ServiceFile } from "../../../worker/src/contract/service-file.ts";
import { findEvaluation } from "../../../worker/src/evaluation/source.ts";
import { Submissions } from "../../../worker/src/service/submissions.ts";
import { FakeS3 } from "../../support/fake-s3.ts";
import { ImitatedSqs, missingForSqs, sqsEnvironment } from "../../support/imitated-sqs.ts";
import { canRun } from "../../support/required.ts";
import { startSweep, temporaryDirectory, writeEvaluation } from "../../support/sweep.ts";
import { until } from "../../support/until.ts";

const directory = temporaryDirectory();
const define = canRun("sweeps through the API", "REQUIRE_PYTHON", missingForSqs) ? describe : describe.skip;
const TOTAL = 200_000;

define("a sweep that is submitted through the API", () => {
  let sqs: ImitatedSqs;
  let s3: FakeS3;
  const environment = { ...process.env };

  beforeAll(async () => {
    sqs = await ImitatedSqs.start();
    s3 = await FakeS3.start();
    s3.pageSize = 1_000;
    Object.assign(process.env, s3.environment, sqsEnvironment);
  });
  afterAll(async () => {
    process.env = environment;
    sqs?.stop();
    await s3?.stop();
  });

  async function service(name: string) {
    const { url: queueUrl, deadLetterUrl: deadLetterQueueUrl } = await sqs.createQueue(name);
    const file: ServiceFile = {
      environment: "dev",
      namespace: "sweep",
      sizes: [
        { size: "large", hourlyUsd: 1, queue: { queueUrl, deadLetterQueueUrl, slots: 2, max: 5, slotsPerMachine: 2 } },
      ],
      queueFolder: "queue",
      jobFolder: "jobs",
      allowCommands: false,
      submissionsPerMinute: 100,
    };
    const submissions = new Submissions({ resultsRoot: "s3://bucket/runs", file, storeOptions: {}, audit: () => {} });
    const env = {
      ...s3.environment,
      ...sqsEnvironment,
      QUEUE_URL: queueUrl,
      RESULTS_ROOT: "s3://bucket/runs/queue",
      SLICE_SECONDS: "1",
    };
    return { submissions, queueUrl, startExecutor: () => startSweep(["executor"], { env }) };
  }

  const objectOf = (name: string, object: string) => s3.objects.get(`runs/${name.replace(":", "/")}/${object}`);
  const source = writeEvaluation(
    directory,
    "halves",
    `export const columns = ["half", "third"];
     export function evaluate(parameter: number) {
       if (parameter === 77) throw new Error("77 is not computed");
       return { half: parameter / 2, third: parameter / 3 };
     }`,
  );
  const bundle = Buffer.from(findEvaluation(source).bundle as Uint8Array).toString();

  test("is computed by an executor, verified, and has its table", async () => {
    const { submissions, queueUrl, startExecutor } = await service("api");
    const request = {
      evaluation: { name: "halves", bundle, columns: ["half", "third"] },
      total: TOTAL,
      size: "large",
      seed: 3,
    };
    const { name, isNew, messages } = await submissions.submit(request, "ann@example.com");
    expect({ isNew, messages }).toEqual({ isNew: true, messages: 7 });
    expect(await submissions.submit(request, "bob@example.com")).toEqual({ name, isNew: false, messages: 0 });
    expect(await sqs.count(queueUrl)).toBe(messages);

    const executor = startExecutor();
    await until(() => objectOf(name, "results.parquet") !== undefined, 50);
    await until(async () => (await sqs.count(queueUrl)) === 0, 50);
    executor.child.kill("SIGTERM");
    expect((await executor.finished).code).toBe(0);

    expect(JSON.parse(objectOf(name, "receipt.json")?.toString() ?? "")).toMatchObject({
      evaluation: "halves",
      seed: 3,
      present: TOTAL - 1,
      failed: 1,
    });
    const path = join(directory, "results.parquet");
    writeFileSync(path, objectOf(name, "results.parquet") as Buffer);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(rows).toHaveLength(TOTAL);
    expect([rows[76], rows[77], rows[TOTAL - 1]]).toEqual([
      { parameter: 76n, half: 38, third: 76 / 3 },
      { parameter: 77n, half: null, third: null },
      { parameter: BigInt(TOTAL - 1), half: (TOTAL - 1) / 2, third: (TOTAL - 1) / 3 },
    ]);
    expect(JSON.parse(objectOf(name, "submission.json")?.toString() ?? "")).toMatchObject({
      submittedBy: "ann@example.com",
      size: "large",
    });
    expect(await submissions.submit(request, null)).toEqual({ name, isNew: false, messages: 0 });
  });

  test("is cancelled and resumed, and fails if its columns are others", async () => {
    const { submissions, queueUrl, startExecutor } = await service("wrong");
    const request = { evaluation: { name: "halves", bundle, columns: ["half"] }, total: TOTAL, size: "large" };
    const { name } = await submissions.submit(request, null);
    await submissions.cancel(name, "not yet", "ann@example.com");
    const executor = startExecutor();
    await until(async () => (await sqs.count(queueUrl)) === 0, 50);
    expect(await submissions.resume(name, undefined, "ann@example.com")).toMatchObject({ isNew: false, messages: 7 });
    const stop = () => JSON.parse(objectOf(name, "sweep.json")?.toString() ?? "").stop;
    await until(() => stop() !== undefined, 50);
    executor.child.kill("SIGTERM");
    await executor.finished;
    expect(stop()).toMatchObject({
      kind: "failed",
      reason: `the evaluation exports the columns half, third, and s3://bucket/runs/${name.replace(":", "/")} was submitted with half: submit it again with those that it exports`,
    });
  });
});
