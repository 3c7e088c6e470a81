import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The programs of a control plane, with the versions that are built. Kubernetes is the minor that the examples deploy. */
export const versions = {
  etcd: "3.6.14",
  "kube-apiserver": "1.35.4",
  "kube-controller-manager": "1.35.4",
  "kube-scheduler": "1.35.4",
  kwok: "0.8.0",
} as const;

export type Program = keyof typeof versions;
export const programs = Object.keys(versions) as Program[];

/** go.mod files, from which the programs are built. */
export const modules = resolve(__dirname, "..", "modules");

/** The folder of the programs: `CLUSTER_BINARIES`, or one in `node_modules/.cache` that belongs to exactly these versions. */
export function programFolder(): string {
  const named = process.env.CLUSTER_BINARIES;
  if (named !== undefined) return resolve(named);
  const sources = ["etcd", "kubernetes", "kwok"].map((name) => readFileSync(join(modules, name, "go.mod"), "utf8"));
  const key = createHash("sha256")
    .update(JSON.stringify([versions, sources]))
    .digest("hex")
    .slice(0, 12);
  return resolve(__dirname, "../../../node_modules/.cache/cluster", key);
}

/** The programs that are missing, or are of another version than {@link versions}. */
export function missingPrograms(folder = programFolder()): Program[] {
  return programs.filter((program) => versionOf(join(folder, program)) !== versions[program]);
}

/** The first version in what `--version` prints: "etcd Version: 3.6.14", "Kubernetes v1.35.4", "kwok version v0.8.0 ...". */
function versionOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const { stdout } = spawnSync(file, ["--version"], { encoding: "utf8", timeout: 30_000 });
  return /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
}
