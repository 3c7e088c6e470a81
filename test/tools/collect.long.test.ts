import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { dev } from "../../environments.ts";
import { deployed, hasState, onStacks } from "../support/deployed-workload.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { sha256, sweep, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const testWithTerraform = hasState ? test : test.skip;

const collect = (outdir: string, args: readonly string[], env: Record<string, string> = {}) =>
  onStacks("collect", outdir, args, env).finished;
const withResults = (name: string, results: Readonly<Record<string, string>>) =>
  deployed(join(directory, name), { results });

testWithTerraform("collect finds the run in the state and downloads the bytes that a local run writes", async () => {
  const s3 = await FakeS3.start();
  try {
    const url = "s3://bucket/runs/ttg-computation-12345678";
    const run = (results: string) =>
      sweep(["run", "collatz", "--total", "20000", "--batch-size", "1000", "--results", results], {
        env: s3.environment,
      });
    const local = join(directory, "local");
    expect([(await run(url)).code, (await run(local)).code]).toEqual([0, 0]);
    const outdir = withResults("one", { "ttg-computation": url });
    const target = join(directory, "collected");
    const { code, stdout } = await collect(outdir, ["--environment", "dev", "--directory", target], s3.environment);
    expect(stdout).toContain("20,000 parameters, each exactly once");
    expect(code).toBe(0);
    s3.requests.length = 0;
    const streamed = await collect(outdir, ["--environment", "dev"], s3.environment);
    expect({ code: streamed.code, stdout: streamed.stdout }).toEqual({ code: 0, stdout });
    expect(s3.requests.filter((request) => /^GET .*\.block$/.test(request))).toHaveLength(20);
    for (const file of ["columns/steps.f64", "present.bits", "receipt.json"]) {
      expect({ file, digest: sha256(join(target, file)) }).toEqual({ file, digest: sha256(join(local, file)) });
    }
  } finally {
    await s3.stop();
  }
});

testWithTerraform("collect asks for the results in the environment's region, wherever the caller is", async () => {
  const signed: string[] = [];
  const server = createServer(({ headers }, response) => {
    signed.push(headers.authorization ?? "not signed");
    response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const outdir = withResults("region", { only: "s3://bucket/only" });
    await collect(outdir, ["dev", "--directory", join(directory, "from-region")], {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    });
    // The date, the region and the service that a request is signed for.
    expect(signed[0]).toMatch(new RegExp(`Credential=test/\\d+/${dev.region}/s3/`));
  } finally {
    server.close();
  }
});

testWithTerraform("collect finds a run that was submitted by its name", async () => {
  const s3 = await FakeS3.start();
  try {
    const url = "s3://bucket/runs/queue/prime-1a2b3c4d";
    const run = await sweep(["run", "prime", "--total", "1000", "--results", url], { env: s3.environment });
    expect(run.code).toBe(0);
    const resultsRoot = "s3://bucket/runs/queue";
    const executors = { large: { queueUrl: "", deadLetterQueueUrl: "", resultsRoot, slots: 1, max: 1 } };
    const outdir = deployed(join(directory, "submitted"), { executors, results: {} });
    const { code, stdout } = await collect(outdir, ["dev", "--run", "prime-1a2b3c4d"], s3.environment);
    expect(code).toBe(0);
    expect(stdout).toContain("1,000 parameters, each exactly once");
    expect((await collect(outdir, ["dev", "--run", "x", "--job", "y"])).stderr).toBe(
      'error: --run must be left out beside --job, got "x": use one of the two\n',
    );
    const none = deployed(join(directory, "without"), { results: {} });
    expect((await collect(none, ["dev", "--run", "x"])).stderr).toContain(
      "error: dev-workload has no executors; list them as workload.executors in environments.ts, and deploy: npm run deploy -- dev\n",
    );
  } finally {
    await s3.stop();
  }
});

testWithTerraform("collect needs the name of one of several jobs, and lists them", async () => {
  const outdir = withResults("two", { a: "s3://bucket/a", b: "s3://bucket/b" });
  expect(await collect(outdir, ["--environment", "dev"])).toMatchObject({
    code: 1,
    stderr: "error: --job must be a or b, got nothing: name a job of dev\n",
  });
  expect((await collect(outdir, ["--environment", "dev", "--job", "c"])).stderr).toBe(
    'error: --job must be a or b, got "c": name a job of dev\n',
  );
  expect((await collect(withResults("none", {}), ["--environment", "dev"])).stderr).toBe("error: dev has no job\n");
});

test("collect names the step that must come first", async () => {
  const { code, stderr } = await collect(join(directory, "empty"), ["--environment", "dev"]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "error: there is no dev-workload here: run npm run synth, or, if it was never deployed, npm run deploy -- dev\n",
  });
});

test.each([
  [[], "environment must be dev or prod, got nothing: name one of environments.ts"],
  [["staging"], 'environment must be dev or prod, got "staging": name one of environments.ts'],
  [["dev", "--environment", "prod"], 'environment must be named once, got ["dev","prod"]: leave one of the two out'],
  [["dev", "prod"], "too many arguments"],
])("collect refuses %j", async (args, message) => {
  const { code, stderr } = await collect(join(directory, "empty"), args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});
