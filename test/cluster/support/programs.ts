import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** The programs of a control plane and those of its users, with the packages that they are. */
export const packages = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
  helm: "helm.sh/helm/v3/cmd/helm",
} as const;

export type Program = keyof typeof packages;
export const programs = Object.keys(packages) as Program[];

/** A module of which files are used, and no program. */
export const KEDA = "github.com/kedacore/keda/v2";

/**
 * The folder of the go.mod from which a program is built. helm is built from that of Kubernetes: two thirds of it are Kubernetes' libraries,
 * and of the same versions they are compiled once, which saves three CPU minutes.
 */
export function moduleFolder(program: Program): string {
  return folderOfModule(program === "helm" || program.startsWith("kube-") ? "kubernetes" : program);
}

export function folderOfModule(name: string): string {
  return resolve(__dirname, "../modules", name);
}

/** The version that a program's go.mod requires, without the `v`. */
export function wantedVersion(program: Program): string {
  return requiredVersion(moduleFolder(program), packages[program]);
}

function requiredVersion(folder: string, packagePath: string): string {
  const required = [...readModule(folder).matchAll(/^(?:require)?\s+(\S+) v(\d+\.\d+\.\d+)( \/\/ indirect)?$/gm)];
  const [, , version] = required.find(([, path = ""]) => `${packagePath}/`.startsWith(`${path}/`)) ?? [];
  if (version === undefined) throw new Error(`the go.mod in ${folder} does not require ${packagePath}`);
  return version;
}

/** The folder of the programs: `CLUSTER_BINARIES`, or one in `node_modules/.cache` that belongs to exactly these versions. */
export function programFolder(): string {
  const named = process.env.CLUSTER_BINARIES;
  if (named !== undefined) return resolve(named);
  const modules = [...programs.map(moduleFolder), folderOfModule("keda")];
  const key = createHash("sha256").update(modules.map(readModule).join("\n")).digest("hex").slice(0, 12);
  return resolve(__dirname, "../../../node_modules/.cache/cluster", key);
}

/** The folder of KEDA's CustomResourceDefinitions and of its list of triggers, of exactly the version in its go.mod. */
export function folderOfKeda(): string {
  return join(programFolder(), `keda-${requiredVersion(folderOfModule("keda"), KEDA)}`);
}

/** The programs that are missing, or are of another version. */
export function missingPrograms(): Program[] {
  const folder = programFolder();
  return programs.filter((program) => versionOf(join(folder, program)) !== wantedVersion(program));
}

/** What is missing, in words; undefined if nothing is. */
export function missingParts(): string | undefined {
  const definitions = existsSync(folderOfKeda()) ? [] : ["KEDA's definitions"];
  const missing = [...missingPrograms(), ...definitions];
  return missing.length === 0 ? undefined : missing.join(", ");
}

/** Why the tests that need these programs cannot run; undefined if they can. */
export function missingForCluster(): string | undefined {
  const parts = missingParts();
  return parts && `${parts} are not there; npm run test:cluster builds or fetches them`;
}

/** The first version in what a program prints of itself: "etcd Version: 3.6.14", "Kubernetes v1.35.4", "kwok version 0.8.0 ...". */
function versionOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const question = basename(file) === "helm" ? "version" : "--version";
  const { stdout } = spawnSync(file, [question], { encoding: "utf8", timeout: 30_000 });
  return /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
}

function readModule(folder: string): string {
  return readFileSync(join(folder, "go.mod"), "utf8");
}
