import { spawnSync } from "node:child_process";

/** The program of Helm: `HELM`, or `helm` on PATH; undefined without one. */
export function helmProgram(): string | undefined {
  const program = process.env.HELM ?? "helm";
  return spawnSync(program, ["version"]).status === 0 ? program : undefined;
}
