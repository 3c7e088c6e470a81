import { join } from "node:path";
import { readColumn, readReceipt, sha256, sweep, temporaryDirectory } from "../support/sweep.ts";

const TEN_MILLION = 10_000_000;
const directory = temporaryDirectory();

/** https://oeis.org/A284668: below each power of 10, the start of the longest Collatz run, and its steps. */
const LONGEST_RUNS = [
  [10, 9, 19],
  [100, 97, 118],
  [1_000, 871, 178],
  [10_000, 6_171, 261],
  [100_000, 77_031, 350],
  [1_000_000, 837_799, 524],
  [10_000_000, 8_400_511, 685],
] as const;

/** https://oeis.org/A006880: how many primes there are below each power of 10. */
const PRIMES = [4, 25, 168, 1_229, 9_592, 78_498, 664_579];

test("10,000,000 Collatz numbers have the published longest runs", async () => {
  const results = join(directory, "collatz");
  const { code, stdout } = await sweep(
    // With the shares of an Indexed Job.
    ["run", "--total", String(TEN_MILLION), "--workers", "3", "--partition", "block-cyclic", "--results", results],
    {},
  );
  expect(code).toBe(0);
  expect(stdout).toContain("[WORKER 0] Processed: 3,333,334 parameters\n");
  expect(stdout).toContain("[WORKER 1] Processed: 3,333,333 parameters\n");
  expect(stdout).toContain("[WORKER 2] Processed: 3,333,333 parameters\n");
  expect(stdout).toContain("Total: 10,000,000 parameters, each exactly once, verified in ");
  expect(stdout).toContain("Failed: 0\n");
  expect(stdout).toContain("Longest run: starts at 8,400,511, takes 685 steps\n");
  const steps = readColumn(results, "steps");
  expect(steps).toHaveLength(TEN_MILLION);
  expect([...steps.subarray(0, 8)]).toEqual([0, 0, 1, 7, 2, 5, 8, 16]);
  for (const [below, start, count] of LONGEST_RUNS) {
    const longest = steps
      .subarray(0, below)
      .reduce((best, value, index) => (value > (steps[best] as number) ? index : best), 0);
    expect({ below, start: longest, steps: steps[longest] }).toEqual({ below, start, steps: count });
  }
  expect(readReceipt(results)).toMatchObject({
    totalParameters: TEN_MILLION,
    present: TEN_MILLION,
    failed: 0,
    columns: { steps: { sha256: sha256(join(results, "columns", "steps.f64")) } },
    presentBitsSha256: sha256(join(results, "present.bits")),
  });
});

test("10,000,000 numbers hold the published number of primes", async () => {
  const results = join(directory, "prime");
  const { code, stdout } = await sweep(["run", "prime", "--total", String(TEN_MILLION), "--results", results], {});
  expect(code).toBe(0);
  expect(stdout).toContain("sum 664,579\n");
  const isPrime = readColumn(results, "prime");
  const counts = PRIMES.map((_, index) =>
    isPrime.subarray(0, 10 ** (index + 1)).reduce((sum, value) => sum + value, 0),
  );
  expect(counts).toEqual(PRIMES);
});
