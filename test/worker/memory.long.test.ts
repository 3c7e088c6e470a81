import { existsSync } from "node:fs";
import { join } from "node:path";
import { readColumn, readFailures, readReceipt, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const BAD = 55;
const onLinux = process.platform === "linux" && existsSync("/proc/self/status") ? describe : describe.skip;

onLinux("with a memory limit, a parameter that allocates without end is lost alone, whatever it allocates", () => {
  test.each([
    {
      name: "objects",
      does: "const all: unknown[] = []; for (;;) all.push(new Array(1_000).fill(parameter));",
      error:
        /^(JavaScript's heap was full|the evaluation used more memory than the worker has) \(raise the worker's limit of 256 MiB\)$/,
    },
    {
      name: "buffers",
      does: "const all: unknown[] = []; for (;;) all.push(new Uint8Array(1_000_000).fill(1));",
      error: /^the evaluation used more memory than the worker has \(raise the worker's limit of 256 MiB\)$/,
    },
    {
      name: "one-large-buffer",
      does: "new Uint8Array(4_000_000_000).fill(1);",
      error: /^the evaluation used more memory than the worker has \(raise the worker's limit of 256 MiB\)$/,
    },
    {
      name: "a-program-of-its-own",
      does: `execFileSync(process.execPath, ["-e", "const all = []; for (;;) all.push(Buffer.alloc(1e6, 1))"]);`,
      error: /^the evaluation used more memory than the worker has \(raise the worker's limit of 256 MiB\)$/,
    },
  ])("$name", async ({ name, does, error }) => {
    const source = `import { execFileSync } from "node:child_process"; void execFileSync;
      export function evaluate(parameter: number): number { if (parameter === ${BAD}) { ${does} } return 2 * parameter; }`;
    const results = join(directory, name);
    const args = [
      "run",
      writeEvaluation(directory, name, source),
      "--total",
      "100",
      "--batch-size",
      "10",
      "--workers",
      "1",
    ];
    const { code, stderr } = await sweep([...args, "--memory-limit", "256", "--results", results]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readFailures(results)).toEqual([
      { parameter: BAD, kind: "out-of-memory", error: expect.stringMatching(error) },
    ]);
    expect(readReceipt(results)).toMatchObject({ present: 99, failed: 1 });
    expect(readColumn(results)[BAD + 1]).toBe(2 * (BAD + 1));
  });
});
