import { TerraformStack, Testing } from "cdktf";
import { WorkerJob, type WorkerJobProps } from "../../../constructs/workload/worker-job.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";
import { jobProps, pool, testImage } from "../../support/workload.ts";

const made = (changes: Partial<WorkerJobProps> = {}) =>
  synthesize((stack) => {
    new WorkerJob(stack, "job", jobProps(changes));
  });
const job = (changes?: Partial<WorkerJobProps>) => made(changes).one("kubernetes_job_v1");
const nameOf = (changes?: Partial<WorkerJobProps>): string => job(changes).metadata.name;
const resultsOf = (changes?: Partial<WorkerJobProps>): string =>
  made(changes).one("kubernetes_config_map_v1").data.RESULTS_URL;

describe("the name of a Job", () => {
  test("is the same for the same content, and that of its ConfigMap", () => {
    expect(nameOf()).toMatch(/^ttg-computation-[0-9a-f]{8}$/);
    expect(nameOf()).toBe(nameOf());
    expect(made().one("kubernetes_config_map_v1").metadata.name).toBe(nameOf());
    expect(job().spec.template.spec.container[0].env_from).toEqual([{ config_map_ref: { name: nameOf() } }]);
  });

  test.each<[string, Partial<WorkerJobProps>]>([
    ["the workers", { workers: 4 }],
    ["the parameters", { totalParameters: 5 }],
    ["the image", { image: testImage({ contentHash: "2" }) }],
    ["the pool", { target: pool("executor-large") }],
    ["the placement", { placement: "pack" }],
    ["a limit", { memoryLimitMiB: 512 }],
    ["the log level", { logLevel: "debug" }],
    ["the Secret", { secretName: "keys" }],
    ["the retries", { backoffLimitPerIndex: 7 }],
    ["the number of its restart", { restart: 1 }],
  ])("is another when %s is, since Terraform cannot change a Job", (_, changes) => {
    expect(nameOf(changes)).not.toBe(nameOf());
  });

  test("is the same when the parallelism changes, which Kubernetes changes in place, down to a pause", () => {
    expect(nameOf({ parallelism: 0 })).toBe(nameOf());
    expect(job({ parallelism: 0 }).spec.parallelism).toBe(0);
  });

  test("does not depend on placeholders of Terraform", () => {
    const stack = new TerraformStack(Testing.app(), "test");
    const image = testImage({ reference: "${" + "data.x.url}:1" });
    const props = jobProps({ image, resultsBucket: "${" + "data.x.bucket}" });
    const { jobName, resultsUrl } = new WorkerJob(stack, "job", props);
    expect(jobName).toBe(nameOf());
    expect(resultsUrl).toBe(resultsOf().replace("bucket", "${" + "data.x.bucket}"));
    expect(messageOf(() => new WorkerJob(stack, "other", jobProps({ region: "${" + "TfToken[TOKEN.1]}" })))).toMatch(
      /^a hash needs values that are known at synth, got/,
    );
  });
});

describe("the results of a Job", () => {
  test("are below the prefix that its identity may write, in a place of their own", () => {
    expect(resultsOf()).toMatch(/^s3:\/\/bucket\/runs\/ttg-computation-[0-9a-f]{8}$/);
  });

  test.each<[string, Partial<WorkerJobProps>]>([
    ["the content of the evaluation", { image: testImage({ evaluations: "2" }) }],
    ["the evaluation", { evaluation: "prime" }],
    ["the command", { evaluationCommand: "python3 a.py" }],
    ["the parameters", { totalParameters: 5 }],
    ["the batch size", { batchSize: 5000 }],
    ["the seed", { seed: 1 }],
  ])("are elsewhere when %s is another", (_, changes) => {
    expect(resultsOf(changes)).not.toBe(resultsOf());
  });

  test.each<[string, Partial<WorkerJobProps>]>([
    ["more workers", { workers: 300 }],
    ["other machines", { target: pool("executor-large"), placement: "one-per-node" }],
    ["another partition", { partition: "contiguous" }],
    ["another image around the same evaluation", { image: testImage({ reference: "a:2", contentHash: "2" }) }],
    ["another timeout", { evaluationTimeoutSeconds: 5 }],
    ["another number of failures", { maxFailures: 5 }],
    ["a restart", { restart: 1 }],
  ])("go on where they were with %s", (_, changes: Partial<WorkerJobProps>) => {
    expect(resultsOf(changes)).toBe(resultsOf());
  });

  test("are elsewhere when the columns of a command have other names", () => {
    const evaluationCommand = "python3 a.py";
    expect(resultsOf({ evaluationCommand, resultColumns: ["a"] })).not.toBe(resultsOf({ evaluationCommand }));
  });

  test("are named by a hash that never changes for the same identity", () => {
    // Another hash would start every run anew. If the identity must change, change RESULTS_FORMAT with it, and the CHANGELOG.
    expect(resultsOf({ totalParameters: 1000, seed: 7 })).toBe("s3://bucket/runs/ttg-computation-a0953083");
  });

  test("have the name that is asked for", () => {
    expect(resultsOf({ runName: "first" })).toBe("s3://bucket/runs/first");
  });
});
