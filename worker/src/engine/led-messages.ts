import type { Range } from "../parameters/ranges.ts";
import type { WorkerProgress } from "./worker-hooks.ts";

/** The messages between `sweep run` and a worker that takes its ranges from there. */

export type ToLedWorker =
  | { readonly type: "work"; readonly ranges: readonly Range[] }
  /** Asks for an answer soon. A worker that has no work has answered already. */
  | { readonly type: "yield" }
  | { readonly type: "end" };

export type FromLedWorker =
  /** Waits for its first ranges. */
  | { readonly type: "ready"; readonly concurrency: number }
  /** The progress with the present ranges. */
  | { readonly type: "progress"; readonly progress: WorkerProgress }
  /** Has done its ranges but for those that are left, and waits for others. `failed` counts the failures since its start. */
  | { readonly type: "finished"; readonly left: readonly Range[]; readonly failed: number };
