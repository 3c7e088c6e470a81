import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { computedResults } from "../support/computed-results.ts";
import { startProgram, sweep, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const { evaluation, results } = computedResults(directory);

describe("sweep replay", () => {
  test("prints the result of one parameter, and the stored values", async () => {
    const { code, stdout, stderr } = await sweep(["replay", "7", "--results", results]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '{"half":3.5,"odd":1}\n',
      stderr: `stored in file:${results}: half = 3.5, odd = 1\n`,
    });
  });

  test("prints the stack of an error, with the lines of the source", async () => {
    const { code, stdout, stderr } = await sweep(["replay", "3", "--results", results]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`stored in file:${results}: failed (threw): Error: three is bad\n`);
    expect(stderr).toContain("Error: three is bad\n");
    expect(stderr).toContain(`${evaluation}:4:11)`);
  });

  test("runs an evaluation that was never run", async () => {
    expect(await sweep(["replay", "27", "collatz"])).toMatchObject({ code: 0, stdout: '{"steps":111}\n' });
    const { code, stdout } = await sweep(["replay", "5", "--command", `node -e "console.log(42)"`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "42\n" });
  });

  test("finds an evaluation of an image by its file's name, which may contain _", async () => {
    const image = join(directory, "image");
    cpSync(join(__dirname, "../../worker/dist"), join(image, "dist"), { recursive: true });
    mkdirSync(join(image, "evaluations"));
    const bundle = join(image, "evaluations", "My_own.mjs");
    expect((await sweep(["bundle", evaluation, "--output", bundle])).code).toBe(0);
    const replay = [process.execPath, join(image, "dist/cli.mjs"), "replay", "7", "My_own"];
    expect(await startProgram(replay).finished).toMatchObject({ code: 0, stdout: '{"half":3.5,"odd":1}\n' });
  });

  test("refuses a text that is no parameter", async () => {
    expect(await sweep(["replay", "5x", "collatz"])).toMatchObject({
      code: 42,
      stderr: 'error: parameter must be a whole number from 0, got "5x": name a parameter of the sweep\n',
    });
    const { code, stderr } = await sweep(["replay", "-5x", "collatz"]);
    expect(code).not.toBe(0);
    expect(stderr).not.toContain("    at ");
  });
});

test("sweep status counts parameters", async () => {
  const { stdout } = await sweep(["status", results]);
  expect(stdout).toBe(
    [
      `sample, seed 5, in file:${results}`,
      "total              100,000",
      "present             99,999",
      "failed                   1",
      "remaining                0",
      "100 % done",
      "",
    ].join("\n"),
  );
});

test("sweep verify prints its findings", async () => {
  const { code, stdout } = await sweep(["verify", results]);
  expect(code).toBe(0);
  expect(stdout).toContain("100,000 parameters, each exactly once, in ");
  expect(stdout).toContain("present    99,999\nfailed     1\n");
  expect(stdout).toMatch(/half sha256 [0-9a-f]{64}\nodd sha256 [0-9a-f]{64}\n/);
});

test("a place without results ends a command with 42 and one line", async () => {
  const empty = join(directory, "empty");
  for (const command of ["verify", "export", "status"]) {
    expect(await sweep([command, empty])).toMatchObject({
      code: 42,
      stderr: `error: file:${empty} holds no results: it has no run.json. Name the place that the run has printed (Results in ...)\n`,
    });
  }
  expect(await sweep(["status", "ftp://somewhere"])).toMatchObject({
    code: 42,
    stderr:
      'error: results must be file:<directory>, a path, or s3://<bucket>/<prefix>, got "ftp://somewhere": ' +
      "use one of these, for example file:./results\n",
  });
});
