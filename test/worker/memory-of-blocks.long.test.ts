import { setTimeout } from "node:timers/promises";
import { leastMemoryMiB } from "../../worker/src/contract/memory.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { MemoryGroup } from "../support/memory-limit.ts";
import { startSweep, sweep, temporaryDirectory, workerEnvironment, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const names = (columns: number) => Array.from({ length: columns }, (_, index) => `c${index}`);
const evaluationOf = (columns: number) =>
  writeEvaluation(
    directory,
    `columns${columns}`,
    `export const columns = ${JSON.stringify(names(columns))};
     export const evaluate = (parameter: number) => ({ ${names(columns).map((name, i) => `${name}: parameter + ${i}`)} });`,
  );
let s3: FakeS3;

beforeEach(async () => {
  s3 = await FakeS3.start();
});
afterEach(() => s3.stop());

const environment = (batchSize: number, columns: number, blocks: number) => ({
  ...workerEnvironment({
    evaluation: evaluationOf(columns),
    total: blocks * batchSize,
    batchSize,
    results: "s3://bucket/runs/one",
  }),
  ...s3.environment,
});
const blocksSent = () => new Set(s3.requests.filter((request) => request.startsWith("PUT runs/one/blocks/")));

test.each([
  [10_000, 1, 32],
  [1_000_000, 1, 4],
  [4_000_000, 1, 2],
])(
  "blocks of %d parameters with %d columns: a bucket that does not answer gets %d at a time",
  async (batchSize, columns, most) => {
    s3.fault = ({ key }) => (key.includes("/blocks/") ? "silence" : undefined);
    const { child, finished } = startSweep(["worker"], { env: environment(batchSize, columns, most + 3) });
    let before = -1;
    while (before !== blocksSent().size || before === 0) {
      before = blocksSent().size;
      await setTimeout(1_000);
    }
    expect(before).toBe(most);
    child.kill("SIGKILL");
    await finished;
  },
);

const group = MemoryGroup.make();
if (group === undefined) console.warn("skipped the memory of a worker: this user cannot limit it");
afterAll(() => group?.remove());

(group === undefined ? describe.skip : describe)("a worker in a container with a memory limit", () => {
  const kills = group?.kills;
  const inGroup = (limitMiB: number, env: Record<string, string>) =>
    sweep(["worker"], { env, prefix: (group as MemoryGroup).prefix(limitMiB) });

  test.each([
    [10_000, 1, 300],
    [10_000, 8, 100],
    [1_000_000, 1, 10],
    [1_000_000, 8, 5],
    [10_000_000, 1, 4],
  ])(
    "computes blocks of %d parameters with %d columns in the least memory that a job may give it",
    async (batchSize, columns, blocks) => {
      const { code, stdout } = await inGroup(
        leastMemoryMiB({ batchSize, columns }),
        environment(batchSize, columns, blocks),
      );
      expect(stdout).toContain(`[WORKER 0] Processed: ${(blocks * batchSize).toLocaleString("en")} parameters`);
      expect(code).toBe(0);
      expect((group as MemoryGroup).kills).toBe(kills);
    },
  );

  test("refuses less, before it computes anything", async () => {
    const { code, stdout } = await inGroup(150, environment(1_000_000, 1, 4));
    expect(stdout).toContain(
      "memoryLimitMiB must be 175 MiB or more, got 150: a worker needs as much for blocks of 1,000,000 parameters with 1 result each; raise the limit, or use a smaller batchSize",
    );
    expect(code).toBe(42);
    expect(blocksSent().size).toBe(0);
    expect((group as MemoryGroup).kills).toBe(kills);
  });
});
