import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { FakeS3 } from "../../support/fake-s3.ts";
import { urlOf } from "../../support/service-program.ts";
import { startSweep, sweep, temporaryDirectory } from "../../support/sweep.ts";
import { until } from "../../support/until.ts";

const directory = temporaryDirectory();
const results = join(directory, "results");

beforeAll(async () => {
  await sweep(["run", "collatz", "--total", "1000", "--results", join(results, "queue/first")]);
});

/** Lines of the log. */
const linesOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("sweep serve answers until SIGTERM, goes on for the time to drain, and ends with 0", async () => {
  const server = startSweep(["serve", "--results", results, "--port", "0", "--drain-seconds", "1"]);
  const url = await urlOf(server);
  const sweeps = await (await fetch(`${url}/api/sweeps`)).json();
  expect(sweeps).toMatchObject({ sweeps: [{ name: "queue:first", state: "verified" }], next: null });
  expect((await fetch(`${url}/`)).status).toBe(404);
  const events = await fetch(`${url}/api/sweeps/queue:first/events`);
  server.child.kill("SIGTERM");
  await until(async () => (await fetch(`${url}/ready`)).status !== 200);
  expect((await fetch(`${url}/api/sweeps`)).status).toBe(200);
  expect(await events.text()).toMatch(/^event: sweep\n/);
  const { code, stdout, stderr } = await server.finished;
  expect([code, stderr]).toEqual([0, ""]);
  const lines = linesOf(stdout);
  expect(lines[0]).toMatchObject({ server: "api", url, results, page: false, msg: "started" });
  expect(lines).toContainEqual(
    expect.objectContaining({ method: "GET", path: "/api/sweeps", status: 200, user: null }),
  );
  expect(lines.slice(-1)).toMatchObject([{ msg: "stopped" }]);
});

test("a file beside results in a bucket is read by a link that needs no credentials", async () => {
  const s3 = await FakeS3.start();
  const env = s3.environment;
  await sweep(["run", "collatz", "--total", "1000", "--results", "s3://bucket/runs/one"], { env });
  const server = startSweep(["serve", "--results", "s3://bucket/runs", "--port", "0", "--drain-seconds", "0"], { env });
  const receipt = await fetch(`${await urlOf(server)}/api/sweeps/one/receipt`, { redirect: "manual" });
  const link = receipt.headers.get("location") ?? (await receipt.text());
  expect(link).toContain("/bucket/runs/one/receipt.json?");
  const saved = new URL(link).searchParams.get("response-content-disposition");
  expect(saved).toBe('attachment; filename="one-receipt.json"');
  expect(await (await fetch(link)).json()).toMatchObject({ evaluation: "collatz", present: 1000 });
  server.child.kill("SIGTERM");
  await server.finished;
  await s3.stop();
});

test("a frontend shows what the API behind it answers", async () => {
  const api = startSweep(["serve", "--results", results, "--port", "0", "--drain-seconds", "0"]);
  const front = startSweep(["serve", "--page", "--api", await urlOf(api), "--port", "0", "--drain-seconds", "0"]);
  const url = await waitForPort(front);
  expect(await (await fetch(`${url}/api/sweeps`)).json()).toMatchObject({ sweeps: [{ name: "queue:first" }] });
  expect((await fetch(`${url}/`)).headers.get("content-type")).toBe("text/html; charset=utf-8");
  for (const { child } of [front, api]) child.kill("SIGTERM");
  expect([(await front.finished).code, (await api.finished).code]).toEqual([0, 0]);
});

/** The start line of a frontend has the address of the API, too. */
async function waitForPort(server: ReturnType<typeof startSweep>): Promise<string> {
  await urlOf(server);
  return String(linesOf(server.output())[0]?.url);
}

test("sweep ui prints its address, shows a folder that is not there yet, opens a browser, and Ctrl-C ends it", async () => {
  const programs = join(directory, "programs");
  const opened = join(directory, "opened");
  mkdirSync(programs);
  writeFileSync(join(programs, "xdg-open"), `#!/bin/sh\necho "$1" > ${opened}\n`);
  chmodSync(join(programs, "xdg-open"), 0o755);
  const env = { PATH: `${programs}:${process.env.PATH}`, DISPLAY: ":0" };
  const missing = join(directory, "missing");
  const server = startSweep(["ui", "--results", missing, "--port", "0"], { env });
  const url = await urlOf(server);
  expect(await (await fetch(`${url}/api/sweeps`)).json()).toEqual({ sweeps: [], next: null });
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  if (process.platform === "linux") await until(() => existsSync(opened));
  const events = fetch(`${url}/api/sweeps`);
  await events;
  server.child.kill("SIGINT");
  expect(await server.finished).toMatchObject({
    code: 130,
    stdout: `the sweeps of ${missing} are at ${url}/ (Ctrl-C ends it)\n`,
    stderr: "",
  });
});

test("a browser that is missing is no error", async () => {
  const env = { PATH: join(directory, "nothing"), DISPLAY: ":0" };
  const server = startSweep(["ui", "--results", results, "--port", "0"], { env });
  expect((await fetch(`${await urlOf(server)}/`)).status).toBe(200);
  server.child.kill("SIGINT");
  expect((await server.finished).stderr).toBe("");
});

test("a port that another program has is an error with its fix", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const message = `error: --port must be free on 127.0.0.1, got ${port}, which another program has: end that program, or use --port 0\n`;
  for (const command of ["serve", "ui"]) {
    expect(await sweep([command, "--results", results, "--port", String(port)])).toMatchObject({
      code: 42,
      stderr: message,
    });
  }
  other.close();
});

const file = join(directory, "service.json");
/** Wrong options, and the lines that say so. */
const wrong = [
  [["serve", "--port", "x"], ['--port must be a whole number from 0 to 65,535, got "x": use for example 8080']],
  [["ui", "--port", "65536"], ['--port must be a whole number from 0 to 65,535, got "65536": use for example 8080']],
  [
    ["serve", "--drain-seconds", "-1"],
    ['--drain-seconds must be a whole number from 0 to 3,600, got "-1": use for example 30'],
  ],
  [
    ["serve", "--api", "api/x", "--results", "r"],
    [
      '--api must be the address of a server, without a path, got "api/x": use for example http://api',
      "--page must be given beside --api, got nothing: add it; a server without a page, which sends requests on, has no use",
      '--results must be left out beside --api, got "r": remove it; the server at --api has its own',
    ],
  ],
  [
    ["serve", "--configuration", "nowhere.json"],
    [
      "--configuration must be a file that is there, got nowhere.json: name the service.json that the infrastructure writes",
    ],
  ],
  [
    ["serve", "--configuration", file],
    [
      "--configuration.environment must be a text, got 3: correct it",
      "--configuration.sizes[0].job.slotsPerMachine must be 1 or more, got 0: correct it",
      "--configuration.extra must be left out, got true: remove it, or correct its name",
    ],
  ],
  [
    ["serve", "--host", "203.0.113.7", "--port", "0"],
    ["--host must be an address of this machine, got 203.0.113.7: use 127.0.0.1, or 0.0.0.0 for all of them"],
  ],
  [
    ["serve", "--results", "gs://bucket/runs", "--port", "0"],
    [
      'results must be file:<directory>, a path, or s3://<bucket>/<prefix>, got "gs://bucket/runs": use one of these, for example file:./results',
    ],
  ],
] as const;

test.each(wrong)("%j is refused", async (args, lines) => {
  const configuration = {
    environment: 3,
    namespace: "sweep",
    sizes: [{ size: "large", hourlyUsd: null, job: { max: 1, slotsPerMachine: 0, template: {} } }],
    queueFolder: "queue",
    jobFolder: "jobs",
    allowCommands: false,
    submissionsPerMinute: 1,
    extra: true,
  };
  writeFileSync(file, JSON.stringify(configuration));
  const { code, stderr } = await sweep([...args], { cwd: directory });
  expect([code, stderr]).toEqual([42, lines.map((line) => `error: ${line}\n`).join("")]);
});
