import { sweep, writeEvaluation } from "./sweep.ts";

/** Computes a fixed amount, a good tenth of a millisecond, and writes how much CPU time a parameter took, measured by itself. */
export const writeCompute = (directory: string) =>
  writeEvaluation(
    directory,
    "compute",
    `import { writeFileSync } from "node:fs";
let evaluations = 0;
let since: NodeJS.CpuUsage;
export function evaluate(parameter: number) {
  if (evaluations === 0) since = process.cpuUsage();
  let state = parameter;
  for (let round = 0; round < 100_000; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  if (++evaluations % 500 === 0 && process.env.USED_FILE !== undefined) {
    const { user, system } = process.cpuUsage(since);
    writeFileSync(process.env.USED_FILE, String((user + system) / 1e6 / evaluations));
  }
  return state;
}
`,
  );

/** What `sweep plan` measures and recommends. */
export async function planned(args: readonly string[]) {
  const { code, stdout, stderr } = await sweep(["plan", ...args, "--json"]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
