import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { FakeS3 } from "../test/support/fake-s3.ts";
import type { Measurement } from "./measurement.ts";
import { runProgram, startProgram } from "./programs.ts";
import type { Workspace } from "./workspace.ts";

const WATCHERS = 200;
const SECONDS = 20;
const BLOCKS = 2_000;
const sweep = join(__dirname, "../worker/dist/cli.mjs");
const load = join(__dirname, "../node_modules/autocannon/autocannon.js");

/** Requests to the bucket and memory of `sweep serve` while one, and then many, watch the same sweep. */
export async function measureService({ report }: Workspace): Promise<Measurement[]> {
  report(`service: ${WATCHERS} watchers of one sweep`);
  const bucket = await FakeS3.start();
  bucket.pageSize = 1_000;
  const run = ["run", "--total", String(BLOCKS * 100), "--batch-size", "100", "--results", "s3://bucket/runs/watched"];
  await runProgram(process.execPath, [sweep, ...run], bucket.environment);
  const server = startProgram(
    process.execPath,
    [sweep, "serve", "--results", "s3://bucket/runs", "--port", "0", "--drain-seconds", "0"],
    bucket.environment,
  );
  const ended = server.finished.catch(() => {});
  try {
    const { pid, url } = JSON.parse(await server.line((line) => line.includes('"started"')));
    const address = `${url}/api/sweeps/watched`;
    // Both find the same caches.
    await (await fetch(address)).arrayBuffer();
    const requestsOf = async (watchers: number) => {
      await setTimeout(5_000);
      const before = bucket.requests.length;
      const options = [
        "--connections",
        String(watchers),
        "--duration",
        String(SECONDS),
        "--timeout",
        String(2 * SECONDS),
      ];
      await runProgram(process.execPath, [load, "--json", ...options, `${address}/events`]);
      return bucket.requests.length - before;
    };
    const one = await requestsOf(1);
    const many = await requestsOf(WATCHERS);
    const mebibytes = peakMiB(pid);
    return [
      {
        name: `Requests to the bucket while ${WATCHERS} watch a sweep, over those of one`,
        value: many / one,
        unit: "x",
        // A look more or less falls into the time.
        limit: { atMost: 1.5 },
        detail: `${many} and ${one} requests in ${SECONDS} s, ${BLOCKS} blocks`,
      },
      {
        name: "The same: largest memory of the server",
        value: mebibytes,
        unit: "MiB",
        limit: { atMost: 256 },
        detail: "resident, of the whole process; the limit is that of its pod",
      },
    ];
  } finally {
    server.terminate();
    await ended;
    await bucket.stop();
  }
}

function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
