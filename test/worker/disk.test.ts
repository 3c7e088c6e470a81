import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SWEEP, sha256, sweep, temporaryDirectory, workerEnvironment, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
chmodSync(directory, 0o755);
const REMEDY = ": choose another place, or change its permissions";
const EVALUATION = writeEvaluation(directory, "plain", "export const evaluate = (parameter: number) => parameter * 3;");
const environment = (results: string, total = 10_000) =>
  workerEnvironment({ evaluation: EVALUATION, total, batchSize: 1_000, results });

/** Root may write anywhere: where the tests run as root, the worker does not. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65_534 } : {};

function canRunUnprivileged(): boolean {
  if (unprivileged.uid === undefined) return true;
  try {
    execFileSync(process.execPath, [SWEEP, "--help"], {
      stdio: "ignore",
      uid: unprivileged.uid,
      gid: unprivileged.uid,
    });
    return true;
  } catch {
    return false;
  }
}

// Root's own folders, where another user can read neither Node.js nor this repository, prove nothing.
const testUnprivileged = canRunUnprivileged() ? test : test.skip;

const messageOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").at(-1) as string).msg;

testUnprivileged("a directory that cannot be written ends the worker with 42", async () => {
  const results = join(directory, "read-only");
  mkdirSync(results);
  chmodSync(results, 0o555);
  const { code, stdout, stderr } = await sweep(["worker"], { env: environment(results), ...unprivileged });
  expect({ code, stderr }).toEqual({ code: 42, stderr: "" });
  expect(messageOf(stdout)).toBe(`no permission to read or write ${results}${REMEDY}`);
});

testUnprivileged(
  "results that cannot be written any more end the worker with 42, and committed results stay",
  async () => {
    const results = join(directory, "now-read-only");
    expect((await sweep(["worker"], { env: { ...environment(results), TOTAL_WORKERS: "2" } })).code).toBe(0);
    const before = sha256(join(results, "columns", "value.f64"));
    for (const path of ["columns/value.f64", "commits.log"]) chmodSync(join(results, path), 0o444);
    const other = { ...environment(results), TOTAL_WORKERS: "2", JOB_COMPLETION_INDEX: "1" };
    const { code, stdout } = await sweep(["worker"], { env: other, ...unprivileged });
    expect(code).toBe(42);
    expect(messageOf(stdout)).toBe(`no permission to read or write ${join(results, "columns", "value.f64")}${REMEDY}`);
    expect(sha256(join(results, "columns", "value.f64"))).toBe(before);
  },
);

testUnprivileged("a column that may not be read is named", async () => {
  const results = join(directory, "secret");
  expect((await sweep(["worker"], { env: environment(results) })).code).toBe(0);
  const path = join(results, "columns", "value.f64");
  chmodSync(path, 0o200);
  expect(await sweep(["verify", results], unprivileged)).toMatchObject({
    code: 42,
    stderr: `error: no permission to read or write ${path}${REMEDY}\n`,
  });
});

testUnprivileged("results that may only be read are verified, exported and replayed, without a receipt", async () => {
  const results = join(directory, "archive");
  expect((await sweep(["worker"], { env: environment(results) })).code).toBe(0);
  chmodSync(results, 0o555);
  const verified = await sweep(["verify", results], unprivileged);
  expect(verified).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringContaining(
      `present    10,000\nfailed     0\nvalue sha256 ${sha256(join(results, "columns", "value.f64"))}\n` +
        `receipt    not written: no permission to read or write ${join(results, "present.bits")}${REMEDY}\n`,
    ),
  });
  const exported = await sweep(["export", results, "--format", "csv", "--output", "-"], unprivileged);
  expect({ code: exported.code, rows: exported.stdout.split("\n").length }).toEqual({ code: 0, rows: 10_002 });
  expect(await sweep(["replay", "7", "--results", results], unprivileged)).toMatchObject({ code: 0, stdout: "21\n" });
  expect(readdirSync(results).filter((name) => name !== "columns" && !name.startsWith("evaluation-"))).toEqual([
    "commits.log",
    "run.json",
  ]);
  // For the removal of the temporary directory.
  chmodSync(results, 0o755);
});

test("a file in place of a directory ends the worker with 42", async () => {
  const file = join(directory, "file");
  writeFileSync(file, "");
  const { code, stdout } = await sweep(["worker"], { env: environment(join(file, "results")) });
  expect(code).toBe(42);
  expect(messageOf(stdout)).toContain("is not in a directory: choose another place");
});

/** A file system of 1 MiB for one command, in a mount namespace of its own. */
function onSmallDisk(mountPoint: string): string[] {
  const script = 'mount -t tmpfs -o size=1m small "$0" && "$@"; code=$?; cp -r "$0/." "$0.kept"; exit $code';
  return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, mountPoint];
}

function canMount(): boolean {
  const probe = join(directory, "probe");
  mkdirSync(probe);
  mkdirSync(`${probe}.kept`);
  try {
    const [file = "", ...args] = [...onSmallDisk(probe), "true"];
    execFileSync(file, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// Some containers forbid to mount.
(canMount() ? test : test.skip)(
  "a full disk ends the worker with 75, and everything committed so far is intact",
  async () => {
    const disk = join(directory, "disk");
    const kept = `${disk}.kept`;
    mkdirSync(disk);
    mkdirSync(kept);
    // 200,000 values take 1.6 MB.
    const slow = writeEvaluation(
      directory,
      "slow",
      "export function evaluate(p: number) { let v = p; for (let i = 0; i < 1_000; i++) v = (v * 31 + 7) % 1_000_003; return v; }",
    );
    const env = { ...environment(join(disk, "results"), 200_000), EVALUATION: slow };
    const { code, stdout } = await sweep(["worker"], { env, prefix: onSmallDisk(disk) });
    expect(code).toBe(75);
    expect(messageOf(stdout)).toContain(`no space left on the disk of ${join(disk, "results")}`);
    const status = JSON.parse((await sweep(["status", join(kept, "results"), "--json"])).stdout);
    expect(status.present).toBeGreaterThan(50_000);
    expect(status.remaining).toBeGreaterThan(0);
    const resumed = await sweep(["worker"], { env: { ...env, RESULTS_URL: `file:${join(kept, "results")}` } });
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout.split("\n")[0] as string)).toMatchObject({ resumed: status.present });
    expect((await sweep(["verify", join(kept, "results")])).code).toBe(0);
    rmSync(kept, { recursive: true });
  },
);

test("two workers given the same share at the same time give the same bytes", async () => {
  const alone = join(directory, "alone");
  const shared = join(directory, "shared");
  expect((await sweep(["worker"], { env: environment(alone, 500_000) })).code).toBe(0);
  const env = environment(shared, 500_000);
  const codes = await Promise.all([1, 2, 3].map(async () => (await sweep(["worker"], { env })).code));
  expect(codes).toEqual([0, 0, 0]);
  expect(sha256(join(shared, "columns", "value.f64"))).toBe(sha256(join(alone, "columns", "value.f64")));
  expect((await sweep(["verify", shared])).code).toBe(0);
});
