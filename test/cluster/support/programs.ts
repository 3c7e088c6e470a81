import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The programs of a control plane, with the packages that they are. */
export const packages = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
} as const;

export type Program = keyof typeof packages;
export const programs = Object.keys(packages) as Program[];

/** The folder of the go.mod from which a program is built. */
export function moduleFolder(program: Program): string {
  return resolve(__dirname, "../modules", program.startsWith("kube-") ? "kubernetes" : program);
}

/** The version that a program's go.mod requires, without the `v`. */
export function wantedVersion(program: Program): string {
  const required = [...readModule(program).matchAll(/^(?:require)?\s+(\S+) v(\d+\.\d+\.\d+)( \/\/ indirect)?$/gm)];
  const [, , version] = required.find(([, path = ""]) => `${packages[program]}/`.startsWith(`${path}/`)) ?? [];
  if (version === undefined) throw new Error(`the go.mod of ${program} does not require ${packages[program]}`);
  return version;
}

/** The folder of the programs: `CLUSTER_BINARIES`, or one in `node_modules/.cache` that belongs to exactly these versions. */
export function programFolder(): string {
  const named = process.env.CLUSTER_BINARIES;
  if (named !== undefined) return resolve(named);
  const key = createHash("sha256").update(programs.map(readModule).join("\n")).digest("hex").slice(0, 12);
  return resolve(__dirname, "../../../node_modules/.cache/cluster", key);
}

/** The programs that are missing, or are of another version. */
export function missingPrograms(): Program[] {
  const folder = programFolder();
  return programs.filter((program) => versionOf(join(folder, program)) !== wantedVersion(program));
}

/** The first version in what `--version` prints: "etcd Version: 3.6.14", "Kubernetes v1.35.4", "kwok version 0.8.0 ...". */
function versionOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const { stdout } = spawnSync(file, ["--version"], { encoding: "utf8", timeout: 30_000 });
  return /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
}

function readModule(program: Program): string {
  return readFileSync(join(moduleFolder(program), "go.mod"), "utf8");
}
