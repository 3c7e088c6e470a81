import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../worker/src/stores/open.ts";
import { sweep, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();

test.each([
  "file://relative",
  "S3://bucket/prefix",
  "s3://",
  "s3://B_/x",
  "FILE:/tmp/x",
  "file:///a%2Fb",
  "s3:/bucket/x",
])("%s is no place of results", async (url) => {
  await expect(openStore(url)).rejects.toThrow(
    `results must be file:<directory>, a path, or s3://<bucket>/<prefix>, got "${url}": use one of these, for example file:./results`,
  );
});

test.each([
  ["results", join(process.cwd(), "results")],
  ["file:results", join(process.cwd(), "results")],
  ["file:/a b", "/a b"],
  ["file:///a%20b", "/a b"],
  ["file://localhost/a", "/a"],
  ["./S3:", join(process.cwd(), "S3:")],
])("%s is a directory", async (url, path) => {
  expect((await openStore(url)).url).toBe(`file:${path}`);
});

test("sweep run and sweep replay refuse a wrong URL with 42, one line and no folder", async () => {
  for (const url of ["file://relative", "S3://bucket/prefix"]) {
    for (const args of [
      ["run", "collatz", "--total", "1"],
      ["replay", "1", "collatz"],
    ]) {
      expect(await sweep([...args, "--results", url], { cwd: directory })).toMatchObject({
        code: 42,
        stdout: "",
        stderr: `error: --results must be file:<directory> or s3://<bucket>/<prefix>, got "${url}": use for example "s3://bucket/runs/first"\n`,
      });
    }
  }
  expect(readdirSync(directory)).toEqual([]);
  expect(existsSync("S3:")).toBe(false);
});
