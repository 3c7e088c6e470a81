import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESULTS_FORMAT, type RunIdentity } from "../../worker/src/contract/identity.ts";
import { countOf, type Range, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { createChecksum } from "../../worker/src/stores/checksum.ts";
import { FileStore } from "../../worker/src/stores/file-store.ts";
import type { CommitRecord } from "../../worker/src/stores/store.ts";
import { sha256, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const TOTAL = 600;
const BATCH = 50;
const identity: RunIdentity = {
  format: RESULTS_FORMAT,
  evaluation: "test",
  evaluationSha256: "0".repeat(64),
  columns: ["a", "b"],
  totalParameters: TOTAL,
  batchSize: BATCH,
  seed: 0,
};
const BLOCKS: readonly Range[] = Array.from({ length: TOTAL / BATCH }, (_, index) => ({
  start: index * BATCH,
  count: BATCH,
}));
/** Some blocks have failures, so that records differ in length. */
const failuresOf = ({ start }: Range): CommitRecord["failures"] =>
  start % 200 === 0 ? [{ parameter: start + 1, kind: "threw", error: 'Error: "quoted"\nand on' }] : [];

/** Computes blocks and commits them, as a worker does. */
async function computeInto(path: string, blocks: readonly Range[]): Promise<void> {
  const checksum = await createChecksum();
  const store = new FileStore(path);
  await store.create(identity, undefined);
  const writer = await store.write(identity);
  const files = await import("../../worker/src/stores/column-files.ts");
  const columns = files.ColumnFiles.open(writer.spool.paths);
  for (const block of blocks) {
    const values = [1, -0.5].map((factor) =>
      Float64Array.from({ length: block.count }, (_, index) => (block.start + index) * factor),
    );
    columns.write(block.start, block.count, values);
    await writer.commit([
      { ...block, checksum: checksum(block.start, values), failures: failuresOf(block), position: block.start },
    ]);
  }
  columns.close();
  await writer.close();
}

/** The ranges that a new worker takes as committed. */
async function committedIn(path: string): Promise<Range[]> {
  const writer = await new FileStore(path).write(identity);
  const committed = await writer.committed([{ start: 0, count: TOTAL }]);
  await writer.close();
  return committed;
}

const intact = join(directory, "intact");
const FILES = ["columns/a.f64", "columns/b.f64"];
const contentOf = (path: string) => FILES.map((file) => readFileSync(join(path, file)));

/** A copy of the intact results, to be damaged. */
function copy(): string {
  const path = join(directory, "copy");
  mkdirSync(join(path, "columns"), { recursive: true });
  for (const file of ["run.json", "commits.log", ...FILES]) copyFileSync(join(intact, file), join(path, file));
  return path;
}

/** Damages a copy, and proves that what is left is right and what is lost is at most `blocks` blocks, which can be recomputed. */
async function expectRecovery(damage: (path: string) => void, blocks: number): Promise<void> {
  const path = copy();
  damage(path);
  const committed = await committedIn(path);
  const lost = subtract(BLOCKS, union(committed));
  expect(countOf(lost)).toBeLessThanOrEqual(blocks * BATCH);
  // Never a wrong value: all that counts as committed is what was computed.
  const [before, after] = [contentOf(intact), contentOf(path)];
  for (const { start, count } of committed) {
    for (const [index, bytes] of after.entries()) {
      const part = (content: Buffer) => content.subarray(start * 8, (start + count) * 8);
      if (!part(bytes).equals(part(before[index] as Buffer)))
        throw new Error(`a wrong value among ${start}-${start + count}`);
    }
  }
  await computeInto(path, lost);
  expect(await committedIn(path)).toEqual([{ start: 0, count: TOTAL }]);
  expect(contentOf(path).every((content, index) => content.equals(before[index] as Buffer))).toBe(true);
}

beforeAll(async () => {
  await computeInto(intact, BLOCKS);
  expect(await committedIn(intact)).toEqual([{ start: 0, count: TOTAL }]);
});

function flip(path: string, byte: number, bit = byte % 8): void {
  const content = readFileSync(path);
  content[byte] = (content[byte] as number) ^ (1 << bit);
  writeFileSync(path, content);
}

test("a commit log that is cut at any byte loses only the blocks behind the cut", async () => {
  const log = readFileSync(join(intact, "commits.log"));
  for (let size = 0; size < log.length; size++) {
    const whole = log.subarray(0, size).filter((byte) => byte === 0x0a).length;
    await expectRecovery((path) => truncateSync(join(path, "commits.log"), size), BLOCKS.length - whole);
  }
});

test("a commit log with any byte changed loses only the block of that line", async () => {
  const { length } = readFileSync(join(intact, "commits.log"));
  // A line end that becomes another character joins two lines.
  for (let byte = 0; byte < length; byte++) await expectRecovery((path) => flip(join(path, "commits.log"), byte), 2);
});

test("a result file that is cut at any byte loses the values behind the cut", async () => {
  for (let size = 0; size < TOTAL * 8; size += 7) {
    await expectRecovery(
      (path) => truncateSync(join(path, "columns/b.f64"), size),
      BLOCKS.length - Math.floor(size / 8 / BATCH),
    );
  }
});

test("a result file with any byte changed loses that block", async () => {
  for (let byte = 0; byte < TOTAL * 8; byte += 5)
    await expectRecovery((path) => flip(join(path, "columns/a.f64"), byte), 1);
});

test("values at another block's place do not count", async () => {
  await expectRecovery((path) => {
    const file = join(path, "columns/a.f64");
    const content = readFileSync(file);
    const first = Buffer.from(content.subarray(0, BATCH * 8));
    content.copyWithin(0, BATCH * 8, 2 * BATCH * 8);
    first.copy(content, BATCH * 8);
    writeFileSync(file, content);
  }, 2);
});

describe("the commands, on damaged results", () => {
  const results = join(directory, "run");
  const path = () =>
    writeEvaluation(directory, "plain", "export const evaluate = (parameter: number) => parameter * 3;");
  const args = () => ["run", path(), "--total", "5000", "--batch-size", "500", "--workers", "2", "--results", results];
  const column = join(results, "columns", "value.f64");
  let digest: string;

  beforeAll(async () => {
    expect((await sweep(args())).code).toBe(0);
    digest = sha256(column);
  });

  test("verify names the parameters and exits with 75, and the next run computes only their block", async () => {
    flip(column, 1_234 * 8);
    const verified = await sweep(["verify", results]);
    expect(verified).toMatchObject({ code: 75, stdout: "" });
    expect(verified.stderr).toBe(
      `error: file:${results} is not complete: 500 parameters are missing (1,000-1,499), ` +
        "500 of them because their values do not match their checksum. Start the run again: it computes only these\n",
    );
    expect((await sweep(["export", results, "--output", join(directory, "never.parquet")])).code).toBe(75);
    const again = await sweep(args());
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("Computed: 500 in ");
    expect(sha256(column)).toBe(digest);
    expect((await sweep(["verify", results])).code).toBe(0);
  });

  test("a file that is too long is cut to its size", async () => {
    writeFileSync(column, Buffer.concat([readFileSync(column), Buffer.from("more")]));
    expect(await sweep(["verify", results])).toMatchObject({
      code: 75,
      stdout: "",
      stderr: `error: file:${results} is changed: ${column} has 40,004 bytes instead of 40,000. Start the run again: it corrects the size and computes nothing\n`,
    });
    expect((await sweep(args())).stdout).toContain("Computed: nothing, every parameter was committed already");
    expect(sha256(column)).toBe(digest);
  });

  test("a damaged identity is refused", async () => {
    const identityPath = join(results, "run.json");
    const content = readFileSync(identityPath);
    for (const damaged of [content.subarray(0, 50), Buffer.from(content.toString().replace("5000", "5001 "))]) {
      writeFileSync(identityPath, damaged);
      const { code, stderr } = await sweep(args());
      expect(code).toBe(42);
      expect(stderr).toContain(`${identityPath} is damaged or of another version`);
    }
    writeFileSync(identityPath, content);
    expect((await sweep(args())).code).toBe(0);
  });
});
