import { existsSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isReached, type Measurement } from "./measurement.ts";
import { measureOverhead } from "./overhead.ts";
import { measurePeers } from "./peers.ts";
import { measureScaling } from "./scaling.ts";
import { formatTable } from "./table.ts";
import { measureTermination } from "./termination.ts";
import { measureVerify } from "./verify.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const groups: Readonly<Record<string, (workspace: Workspace) => Promise<readonly Measurement[]>>> = {
  overhead: measureOverhead,
  verify: measureVerify,
  scaling: measureScaling,
  termination: measureTermination,
  peers: measurePeers,
  synth: measureSynth,
};

const HELP = `Measures what the README promises, and prints a table. All ratios are of things measured in this one run, in turns.

  npm run bench                    everything, written to bench/results.json too
  npm run bench -- <group> ...     only some of: ${Object.keys(groups).join(", ")}
  npm run bench -- --strict        exit code 1 where a limit is missed
  npm run bench -- --quick         a tenth of the work, once: to try the benchmark, its numbers mean nothing

It takes some minutes and up to 1 GB in the directory for temporary files (TMPDIR), which should be on a disk. Nothing else
should run meanwhile.
`;

/** The infrastructure's part, if it is there. */
async function measureSynth({ report }: Workspace): Promise<readonly Measurement[]> {
  const path = join(__dirname, "synth.ts");
  if (!existsSync(path)) return [];
  report("synth");
  const { default: measure }: { default: () => Promise<Measurement[]> } = await import(path);
  return measure();
}

async function main(): Promise<void> {
  const { values: options, positionals: chosen } = parseArgs({
    allowPositionals: true,
    options: { strict: { type: "boolean" }, quick: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const unknown = chosen.filter((name) => groups[name] === undefined);
  if (unknown.length > 0)
    throw new Error(`no such group: ${unknown.join(", ")}; there are ${Object.keys(groups).join(", ")}`);
  const names = chosen.length > 0 ? chosen : Object.keys(groups);

  const load = loadavg()[0] as number;
  if (load > 0.5)
    process.stderr.write(`The machine is busy (load ${load.toFixed(1)}): the numbers will be worse than they are.\n`);
  const workspace = createWorkspace(options.quick === true);
  // The programs that are measured put their temporary files where they are removed in the end.
  process.env.TMPDIR = workspace.directory;
  const measurements: Measurement[] = [];
  for (const name of names) measurements.push(...((await groups[name]?.(workspace)) ?? []));
  workspace.report("");

  process.stdout.write(`${formatTable(measurements)}\n`);
  if (chosen.length === 0 && !options.quick) writeResults(measurements, load);
  const missed = measurements.filter((measurement) => isReached(measurement) === false);
  if (missed.length > 0) process.stdout.write(`\nMISSED: ${missed.map(({ name }) => name).join("; ")}\n`);
  if (missed.length > 0 && options.strict) process.exitCode = 1;
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

// So that what runs when this process exits, runs: children end, and temporary files go.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
main().catch((error: Error) => {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
});
