import { join } from "node:path";
import type { Measurement } from "./measurement.ts";
import { isOnPath, runProgram, timedBy } from "./programs.ts";
import { inThreeDigits, median, spread } from "./statistics.ts";
import { runSweep, timeRawLoop, timeWorker } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Times the proof that 10 million results are complete and undamaged, with the receipt. One row is inside a process, as
 * `sweep run` verifies; the other is the whole command.
 */
export async function measureVerify({ rounds, scaled, report, newPath, remove }: Workspace): Promise<Measurement[]> {
  const total = scaled(10_000_000);
  const results = newPath();
  report("verify: computing the results");
  await timeWorker({ evaluation: "trivial", total, results });
  const raw: number[] = [];
  const verify: number[] = [];
  const command: number[] = [];
  const sha256sum: number[] = [];
  const again: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    report(`verify: round ${round} of ${rounds}`);
    const path = newPath();
    raw.push(await timeRawLoop(path, total, total));
    remove(path);
    verify.push(await timedBy(process.execPath, [join(__dirname, "verify-once.mjs"), results]));
    command.push((await runSweep(["verify", results, "--full"])).milliseconds);
    const column = join(results, "columns", "value.f64");
    if (isOnPath("sha256sum")) sha256sum.push((await runProgram("sha256sum", [column])).milliseconds);
  }
  // A receipt is trusted when the files were at rest before they were read, as they are now.
  await runSweep(["verify", results, "--full"]);
  for (let round = 1; round <= rounds; round++) {
    again.push((await runSweep(["verify", results])).milliseconds);
  }
  remove(results);
  const limit = 0.5 * median(raw) + 50;
  return [
    {
      name: `Verify ${total / 1e6}M: checksums, SHA-256, receipt`,
      value: median(verify),
      unit: "ms",
      limit: { atMost: limit },
      detail:
        `${spread(verify, "ms")}, first call in a fresh process; the limit is half of the raw loop's ` +
        `${spread(raw, "ms")}, and 50 ms: ${inThreeDigits(limit)} ms`,
    },
    {
      name: `sweep verify, whole command for ${total / 1e6}M`,
      value: median(command),
      unit: "ms",
      detail: spread(command, "ms"),
    },
    {
      name: `sweep verify, whole command for ${total / 1e6}M, against sha256sum of the same file`,
      ...(sha256sum.length === 0 ? {} : { value: median(command) / median(sha256sum) }),
      unit: "x",
      limit: { atMost: 1.5 },
      detail: sha256sum.length === 0 ? "sha256sum is not on PATH" : `sha256sum ${spread(sha256sum, "ms")}`,
    },
    {
      name: "sweep verify, whole command, when no file has changed since the receipt",
      value: median(again),
      unit: "ms",
      detail: spread(again, "ms"),
    },
  ];
}
