import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import { sha256, sweep, temporaryDirectory } from "../support/sweep.ts";
import { devWithJob, podEnvironment, synthesizeEnvironment } from "../support/workload.ts";

// A worker of this repository with the environment of its pod and nothing else: what the synthesized Job, ConfigMap and
// field reference would give it, on a bucket of this process.
const directory = temporaryDirectory();
const settings = { totalParameters: 30_001, workers: 3, batchSize: 1_000, seed: 5 } as const;
const { workload } = synthesizeEnvironment(devWithJob(settings));
let s3: FakeS3;

beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(() => s3.stop());

test("three pods compute every parameter once, and the bucket then holds the bytes of a local run", async () => {
  const { AWS_REGION: _, ...endpoint } = s3.environment;
  const pods = await Promise.all(
    [0, 1, 2].map((index) => sweep(["worker"], { env: { ...podEnvironment(workload, index), ...endpoint } })),
  );
  expect(pods.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(pods[0]?.stdout).toContain("[WORKER 0] Processed: 10,001 parameters");
  expect(pods[1]?.stdout).toContain("[WORKER 1] Processed: 10,000 parameters");
  expect(pods[2]?.stdout).toContain("[WORKER 2] Processed: 10,000 parameters");

  const url = podEnvironment(workload, 0).RESULTS_URL ?? "";
  expect([...s3.objects.keys()].every((key) => `s3://bucket/${key}`.startsWith(`${url}/`))).toBe(true);
  const downloaded = join(directory, "downloaded");
  const verified = await sweep(["verify", url, "--download", downloaded], { env: s3.environment });
  expect(verified.code).toBe(0);
  expect(verified.stdout).toContain("30,001 parameters, each exactly once");

  const local = join(directory, "local");
  const run = ["run", "collatz", "--total", "30001", "--workers", "2", "--batch-size", "1000", "--seed", "5"];
  expect((await sweep([...run, "--results", local])).code).toBe(0);
  for (const file of ["columns/steps.f64", "present.bits", "failures.jsonl", "run.json"]) {
    expect({ file, digest: sha256(join(downloaded, file)) }).toEqual({ file, digest: sha256(join(local, file)) });
  }
});

test("with another number of workers the Job goes on with what is there", async () => {
  const { workload: more } = synthesizeEnvironment(devWithJob({ ...settings, workers: 5 }));
  expect(podEnvironment(more, 4).RESULTS_URL).toBe(podEnvironment(workload, 0).RESULTS_URL);
  const { code, stdout } = await sweep(["worker"], { env: { ...podEnvironment(more, 4), ...s3.environment } });
  expect(code).toBe(0);
  expect(JSON.parse(stdout.split("\n")[0] as string)).toMatchObject({ share: 6_000, resumed: 6_000 });
});

test("`sweep run` on a laptop understands the same variables", async () => {
  const { RESULTS_URL: _, WORKER_ID: __, ...environment } = podEnvironment(workload, 0);
  const results = join(directory, "laptop");
  const { code, stdout } = await sweep(["run", "--results", results], { env: environment });
  expect(code).toBe(0);
  expect(stdout).toContain("collatz: 30,001 parameters, 3 workers, block-cyclic, seed 5");
  expect(sha256(join(results, "columns/steps.f64"))).toBe(sha256(join(directory, "local/columns/steps.f64")));
});
