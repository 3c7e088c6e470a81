import { setTimeout } from "node:timers/promises";
import type { startSweep } from "./sweep.ts";

/** The address that a started `sweep serve` or `sweep ui` tells. */
export async function urlOf({ finished, output }: ReturnType<typeof startSweep>): Promise<string> {
  let hasEnded = false;
  void finished.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const [url] = /http:\/\/[\w.]+:\d+/.exec(output()) ?? [];
    if (url !== undefined) return url;
    await setTimeout(20);
  }
  throw new Error(`the server has ended: ${output()}`);
}
