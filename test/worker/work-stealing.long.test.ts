import { readdirSync } from "node:fs";
import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import { childrenOf } from "../support/processes.ts";
import {
  readFailures,
  readReceipt,
  sha256,
  startSweep,
  sweep,
  temporaryDirectory,
  writeEvaluation,
} from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const TOTAL = 60_000;
/** The cost grows with the parameter, so that workers must take work from one another. */
const SOURCE = writeEvaluation(
  directory,
  "ramp",
  `export const columns = ["value", "drawn"];
   export function evaluate(parameter: number, context: { random(): number }) {
     let value = parameter;
     for (let i = 0; i < parameter / 2; i++) value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
     return { value, drawn: context.random() };
   }`,
);
const COLUMNS = ["value", "drawn"];
const RUN = ["run", join(directory, "ramp.mjs"), "--total", String(TOTAL), "--batch-size", "500"];

const digests = (results: string) => COLUMNS.map((column) => sha256(join(results, "columns", `${column}.f64`)));

/** The parameters of each worker, and those of earlier starts, as `sweep run` prints them. */
function countsOf(stdout: string): number[] {
  const lines = [...stdout.matchAll(/^(?:\[WORKER \d+\] Processed|Earlier): ([\d,]+) parameters$/gm)];
  return lines.map(([, count = ""]) => Number(count.replaceAll(",", "")));
}

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

let expected: string[];

beforeAll(async () => {
  expect((await sweep(["bundle", SOURCE, "--output", RUN[1] as string])).code).toBe(0);
  const results = join(directory, "one");
  const { code, stdout } = await sweep([...RUN, "--workers", "1", "--results", results]);
  expect({ code, counts: countsOf(stdout) }).toEqual({ code: 0, counts: [TOTAL] });
  expect(stdout).toContain("60,000 parameters, 1 worker, work stealing, seed 0\n");
  expected = digests(results);
});

test.each([
  { workers: 2, options: [] },
  { workers: 3, options: [] },
  { workers: 8, options: [] },
  { workers: 3, options: ["--partition", "contiguous"] },
  { workers: 2, options: ["--partition", "block-cyclic"] },
])(
  "$workers workers $options give the bytes of one, and their counts add up to the total",
  async ({ workers, options }) => {
    const results = join(directory, `bytes-${workers}-${options.join()}`);
    const { code, stdout } = await sweep([...RUN, "--workers", String(workers), ...options, "--results", results]);
    expect(code).toBe(0);
    const counts = countsOf(stdout);
    expect({ workers: counts.length, sum: sumOf(counts) }).toEqual({ workers, sum: TOTAL });
    expect(stdout).toContain(`${workers} workers, ${options[1] ?? "work stealing"}, seed 0\n`);
    expect(digests(results)).toEqual(expected);
  },
);

// The kernel's list of child processes is how the workers are found; other systems have none.
const onLinux = process.platform === "linux" ? test : test.skip;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

onLinux(
  "runs whose workers are killed again and again, and started anew with others, give the same bytes",
  async () => {
    let killed = 0;
    for (let run = 0; run < 4; run++) {
      const results = join(directory, `killed-${run}`);
      let workers = "";
      for (let start = 0; ; start++) {
        workers = String(2 + ((run + start) % 3));
        const partition = start % 3 === 2 ? ["--partition", "contiguous"] : [];
        const { child, finished, output } = startSweep([
          ...[...RUN, "--results", results, "--workers", workers],
          ...partition,
        ]);
        const isRunning = () => child.exitCode === null && child.signalCode === null;
        // Twice for each start: a worker that dies four times ends the run.
        for (let kills = 0; kills < 2 && isRunning(); kills++) {
          const processes = () => (output().includes("Results in") ? childrenOf(child.pid as number) : []);
          await until(() => processes().length > 0 || !isRunning());
          await Promise.race([finished, pause(Math.random() * 800)]);
          const [worker] = processes();
          if (worker === undefined || !isRunning()) continue;
          process.kill(worker, "SIGKILL");
          killed++;
        }
        if (start < 2 && isRunning() && Math.random() < 0.5) child.kill(start === 0 ? "SIGKILL" : "SIGINT");
        const { code, stdout } = await finished;
        if (code !== 0) {
          expect(start).toBeLessThan(10);
          continue;
        }
        expect({ run, sum: sumOf(countsOf(stdout.replace(/ \([\d,]+ of them earlier\)/g, ""))) }).toEqual({
          run,
          sum: TOTAL,
        });
        break;
      }
      expect({ run, digests: digests(results) }).toEqual({ run, digests: expected });
      // Those of a start that was killed with another number of workers stay.
      expect(readdirSync(results).filter((name) => name.endsWith(`-of-${workers}.json`))).toEqual([]);
    }
    expect(killed).toBeGreaterThan(0);
  },
);

test("in a bucket, the bytes are the same, and workers list nothing", async () => {
  const s3 = await FakeS3.start();
  s3.pageSize = 1000;
  const env = s3.environment;
  const args = [...RUN, "--results", "s3://bucket/ramp"];
  const first = startSweep([...args, "--workers", "3"], { env });
  await until(() => s3.requests.some((request) => request.startsWith("PUT") && request.includes("/blocks/")));
  first.child.kill("SIGINT");
  expect((await first.finished).code).toBe(130);
  s3.requests.length = 0;
  const { code, stdout } = await sweep([...args, "--workers", "2"], { env });
  expect(code).toBe(0);
  expect(sumOf(countsOf(stdout))).toBe(TOTAL);
  const firstPut = s3.requests.findIndex((request) => request.startsWith("PUT") && request.includes("/blocks/"));
  const lastPut = s3.requests.findLastIndex((request) => request.startsWith("PUT") && request.includes("/blocks/"));
  const isList = (request: string) => request === "GET ";
  // The launcher lists what is there, in a page or two, before the first block, and all once more to verify.
  const lists = s3.requests.slice(0, firstPut).filter(isList).length;
  expect({ lists, areFew: lists > 0 && lists < 4 }).toEqual({ lists, areFew: true });
  expect(s3.requests.slice(firstPut, lastPut).filter(isList)).toEqual([]);
  const download = join(directory, "download");
  expect(await sweep(["verify", "s3://bucket/ramp", "--download", download], { env })).toMatchObject({ code: 0 });
  expect(digests(download)).toEqual(expected);
  await s3.stop();
});

/** Kills the supervisor and the evaluation at once, as the kernel does with `memory.oom.group`. */
const KILLER = writeEvaluation(
  directory,
  "killer",
  `export function evaluate(parameter: number): number {
     if (parameter === 123) {
       process.kill(process.ppid, "SIGKILL");
       process.kill(-process.pid, "SIGKILL");
       for (;;);
     }
     return 2 * parameter;
   }`,
);

describe("a parameter that kills its worker is found, and only it is lost", () => {
  test.each([
    { place: "a directory", results: join(directory, "killer-results"), workers: 2 },
    { place: "a bucket", results: "s3://bucket/killer", workers: 3 },
  ])("in $place, with $workers workers", async ({ results, workers }) => {
    const s3 = await FakeS3.start();
    const env = s3.environment;
    const args = ["run", KILLER, "--total", "400", "--batch-size", "50", "--workers", String(workers)];
    let deaths = 0;
    for (let starts = 1; ; starts++) {
      const { code, stderr } = await sweep([...args, "--results", results], { env });
      deaths += stderr.match(/was ended by SIGKILL/g)?.length ?? 0;
      // Always the same worker: nobody else gets the parameters that it had in work.
      expect(new Set(stderr.match(/\[WORKER \d+\] was ended/g)).size).toBeLessThanOrEqual(1);
      if (code === 0) break;
      // A worker is started four times, and a search takes six starts.
      expect({ code, starts }).toEqual({ code: 75, starts: 1 });
    }
    // Four deaths to find it, and of these two alone.
    expect(deaths).toBeLessThanOrEqual(5);
    const download = join(directory, `killer-download-${workers}`);
    const url = results.startsWith("s3:") ? [results, "--download", download] : [results];
    expect(await sweep(["verify", ...url], { env })).toMatchObject({ code: 0 });
    const place = results.startsWith("s3:") ? download : results;
    expect(readFailures(place)).toEqual([expect.objectContaining({ parameter: 123, kind: "killed" })]);
    expect(readReceipt(place)).toMatchObject({ present: 399, failed: 1 });
    await s3.stop();
  });
});
