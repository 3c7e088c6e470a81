import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { formatCount } from "sweep-worker/contract";
import type { Measurement } from "./measurement.ts";
import { isOnPath, runProgram, timedBy } from "./programs.ts";
import { median, spread } from "./statistics.ts";
import { evaluationPath, runSweep } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

const MANY_PER_TASK = 10_000;

/** Something that computes the trivial function for many parameters on all cores. */
interface Peer {
  readonly name: string;
  /** The required program, if the repository does not install it. */
  readonly program?: string;
  /** 10 million parameters, or fewer if those would take more than 20 s. */
  readonly total: number;
  readonly perTask: number;
  readonly how: string;
  /** @returns milliseconds. */
  readonly time: (total: number, perTask: number, path: string) => Promise<number>;
}

const cores = availableParallelism();
const script = (name: string) => join(__dirname, "peers", name);
const inside = "timed inside, without its start; values stored, nothing committed or checked";

const pool = (program: string, file: string) => (total: number, perTask: number, path: string) =>
  timedBy(program, [script(file), cores, total, perTask, path].map(String));

/** GNU parallel starts a process for each job, which is part of its time. */
async function timeGnuParallel(total: number, perTask: number, path: string): Promise<number> {
  mkdirSync(path);
  const starts = join(path, "starts.txt");
  writeFileSync(
    starts,
    Array.from({ length: Math.ceil(total / perTask) }, (_, task) => `${task * perTask}\n`).join(""),
  );
  const job =
    perTask === 1
      ? "echo $((2 * {} + 1))"
      : `'${process.execPath}' '${script("task.mjs")}' {} ${perTask} '${path}'/{}.f64`;
  // By default, it keeps files below the home directory.
  const variables = { PARALLEL_HOME: path };
  return (await runProgram("parallel", ["--jobs", String(cores), "--arg-file", starts, job], variables)).milliseconds;
}

async function timeSweepRun(total: number, _perTask: number, path: string): Promise<number> {
  const args = ["--total", total, "--workers", cores, "--results", path].map(String);
  return (await runSweep(["run", evaluationPath("trivial"), ...args])).milliseconds;
}

const peers: readonly Peer[] = [
  {
    name: `sweep run, ${cores} workers, the whole command`,
    total: 10_000_000,
    perTask: MANY_PER_TASK,
    how: "from start to exit; committed, checksummed, synchronized, isolated, verified",
    time: timeSweepRun,
  },
  {
    name: "piscina, 10,000 parameters a task",
    total: 10_000_000,
    perTask: MANY_PER_TASK,
    how: inside,
    time: pool(process.execPath, "piscina.mjs"),
  },
  {
    name: "piscina, one parameter a task",
    total: 200_000,
    perTask: 1,
    how: inside,
    time: pool(process.execPath, "piscina.mjs"),
  },
  {
    name: "Python multiprocessing, 10,000 parameters a task",
    program: "python3",
    total: 10_000_000,
    perTask: MANY_PER_TASK,
    how: inside,
    time: pool("python3", "multiprocessing_pool.py"),
  },
  {
    name: "Python multiprocessing, one parameter a task",
    program: "python3",
    total: 100_000,
    perTask: 1,
    how: inside,
    time: pool("python3", "multiprocessing_pool.py"),
  },
  {
    name: "GNU parallel, 10,000 parameters a job",
    program: "parallel",
    total: 1_000_000,
    perTask: MANY_PER_TASK,
    how: "from start to exit; a job starts Node.js and writes a file",
    time: timeGnuParallel,
  },
  {
    name: "GNU parallel, one parameter a job",
    program: "parallel",
    total: 1_000,
    perTask: 1,
    how: "from start to exit; a job is an echo of the shell, its output is not stored",
    time: timeGnuParallel,
  },
];

/** Measures the alternatives of a user, with the same trivial function, on all cores. */
export async function measurePeers({ rounds, scaled, report, newPath, remove }: Workspace): Promise<Measurement[]> {
  const isPresent = (peer: Peer) => peer.program === undefined || isOnPath(peer.program);
  const present = peers.filter(isPresent);
  const nanoseconds = new Map(present.map((peer) => [peer, [] as number[]]));
  const fewer = Math.ceil(rounds / 2);
  for (let round = 1; round <= fewer; round++) {
    for (const [peer, values] of nanoseconds) {
      report(`peers: ${peer.name}, round ${round} of ${fewer}`);
      const total = scaled(peer.total);
      const path = newPath();
      values.push((await peer.time(total, peer.perTask, path)) * (1e6 / total));
      remove(path);
    }
  }
  const unit = "ns/parameter";
  return peers.map((peer) => {
    const values = nanoseconds.get(peer);
    if (values === undefined) return { name: peer.name, unit, detail: `${peer.program} is not on this machine` };
    const detail = `${spread(values, unit)}; ${formatCount(scaled(peer.total))} parameters, ${cores} at a time, ${peer.how}`;
    return { name: peer.name, unit, value: median(values), detail };
  });
}
