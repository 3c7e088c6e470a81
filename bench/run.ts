import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { oneOf } from "sweep-worker/contract";
import { refusal, runTool, tool } from "../tools/support/tool.ts";
import { measureConcurrency } from "./concurrency.ts";
import { measureDiff } from "./diff.ts";
import { measureIndexes } from "./indexes.ts";
import { isReached, type Measurement } from "./measurement.ts";
import { measureOverhead } from "./overhead.ts";
import { measurePeers } from "./peers.ts";
import { measurePlan } from "./plan.ts";
import { measureQueue } from "./queue.ts";
import { measureScaling } from "./scaling.ts";
import { measureService } from "./service.ts";
import { measureSynth } from "./synth.ts";
import { formatTable } from "./table.ts";
import { measureTermination } from "./termination.ts";
import { measureVerify } from "./verify.ts";
import { measureObjects } from "./verify-objects.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const groups: Readonly<Record<string, (workspace: Workspace) => Promise<readonly Measurement[]>>> = {
  overhead: measureOverhead,
  verify: measureVerify,
  objects: measureObjects,
  scaling: measureScaling,
  termination: measureTermination,
  concurrency: measureConcurrency,
  peers: measurePeers,
  plan: measurePlan,
  synth: measureSynth,
  diff: measureDiff,
  indexes: measureIndexes,
  queue: measureQueue,
  service: measureService,
};

interface Options {
  readonly strict?: boolean;
  readonly quick?: boolean;
  readonly objects?: string;
}

async function bench(chosen: readonly string[], { strict, quick = false, objects = "100000" }: Options): Promise<void> {
  const unknown = chosen.find((name) => !Object.hasOwn(groups, name));
  if (unknown !== undefined) throw refusal("group", oneOf(Object.keys(groups)), unknown, "name one of these");
  if (!/^[1-9]\d*$/.test(objects))
    throw refusal("--objects", "a whole number from 1", objects, "use for example 1000000");
  const names = chosen.length > 0 ? chosen : Object.keys(groups);

  const load = loadavg()[0] as number;
  if (load > 0.5)
    process.stderr.write(`The machine is busy (load ${load.toFixed(1)}), so the numbers will be too bad.\n`);
  const workspace = createWorkspace(quick, Number(objects));
  // The measured programs put their temporary files here, and they are removed in the end.
  process.env.TMPDIR = workspace.directory;
  const measurements: Measurement[] = [];
  for (const name of names) measurements.push(...((await groups[name]?.(workspace)) ?? []));
  workspace.report("");

  process.stdout.write(`${formatTable(measurements)}\n`);
  if (chosen.length === 0 && !quick) writeResults(measurements, load);
  const missed = measurements.filter((measurement) => isReached(measurement) === false);
  if (missed.length > 0) process.stdout.write(`\nMISSED: ${missed.map(({ name }) => name).join("; ")}\n`);
  if (missed.length > 0 && strict) process.exitCode = 1;
}

function writeResults(measurements: readonly Measurement[], load: number): void {
  const processors = cpus();
  const results = {
    date: new Date().toISOString(),
    node: process.version,
    cpu: processors[0]?.model,
    cores: processors.length,
    loadBefore: load,
    measurements,
  };
  writeFileSync(join(__dirname, "results.json"), `${JSON.stringify(results, undefined, 2)}\n`);
}

// Exit regularly on a signal, so that the exit handlers end children and remove temporary files.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
runTool(
  tool(
    "npm run bench --",
    "Measure the promises of docs/benchmarks.md. Ratios compare measurements of one run, made in turns.",
  )
    .argument("[groups...]", `some of ${Object.keys(groups).join(", ")} (default: all, and write bench/results.json)`)
    .option("--strict", "exit with 1 if a limit is missed")
    .option("--objects <number>", "objects of the bucket that the group objects verifies (default: 100,000)")
    .option("--quick", "a tenth of the work, once, to try the benchmark; its numbers mean nothing")
    .addHelpText(
      "after",
      "\nIt takes some minutes, and up to 1 GB in the directory for temporary files (TMPDIR), which should be on a disk. Run\nnothing else meanwhile.",
    )
    .action(bench),
);
