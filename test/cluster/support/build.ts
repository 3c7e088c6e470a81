import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import {
  folderOfKeda,
  folderOfModule,
  KEDA,
  missingParts,
  missingPrograms,
  moduleFolder,
  type Program,
  packages,
  programFolder,
  wantedVersion,
} from "./programs.ts";

/*
 * Builds the programs that are missing, from Go modules, and takes KEDA's CustomResourceDefinitions from its module. Ten minutes on two
 * cores from nothing; nothing if all are there. It ends with 75 where the sources cannot be downloaded, which says nothing of the programs.
 */
const environment = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };

function go(program: Program, args: readonly string[], stderr: "inherit" | "pipe") {
  const options = { cwd: moduleFolder(program), env: environment, encoding: "utf8" } as const;
  // `list` prints megabytes of packages.
  return spawnSync("go", args, { ...options, stdio: ["ignore", stderr === "pipe" ? "ignore" : "inherit", stderr] });
}

/** Flags for the linker: smaller files, and the versions of Kubernetes and of helm, which a build from modules does not know. */
function linkerFlags(program: Program): string {
  const version = wantedVersion(program);
  if (program === "helm") return `-s -w -X helm.sh/helm/v3/internal/version.version=v${version}`;
  if (!program.startsWith("kube-")) return "-s -w";
  const [major, minor] = version.split(".");
  const values = {
    gitVersion: `v${version}`,
    gitMajor: major,
    gitMinor: minor,
    gitCommit: "modules",
    gitTreeState: "clean",
    buildDate: "2026-01-01T00:00:00Z",
  };
  const places = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const set = places.flatMap((place) => Object.entries(values).map(([name, value]) => `-X ${place}.${name}=${value}`));
  return ["-s -w", ...set].join(" ");
}

function build(program: Program, folder: string): void {
  const startedAt = performance.now();
  process.stderr.write(`building ${program} ${wantedVersion(program)} ...\n`);
  const { status, stderr } = go(program, ["list", "-deps", packages[program]], "pipe");
  if (status !== 0) {
    process.stderr.write(stderr);
    endWithoutSource(program, stderr);
  }
  complete(folder, program, (file) => {
    const flags = ["-trimpath", "-ldflags", linkerFlags(program), "-o", file];
    if (go(program, ["build", ...flags, packages[program]], "inherit").status !== 0)
      throw new Error(`${program} cannot be built`);
  });
  process.stderr.write(`built ${program} in ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
}

/** Nothing of KEDA is in this repository: these files are in the cache, as the programs are. */
function fetchKeda(folder: string): void {
  const options = { cwd: folderOfModule("keda"), env: environment, encoding: "utf8" } as const;
  // It compares the module with go.sum.
  const { status, stdout, stderr } = spawnSync("go", ["mod", "download", "-json", KEDA], options);
  if (status !== 0) {
    process.stderr.write(stdout + stderr);
    endWithoutSource("KEDA", stdout + stderr);
  }
  const module = JSON.parse(stdout).Dir;
  complete(folder, basename(folderOfKeda()), (copy) => {
    mkdirSync(copy);
    for (const place of ["config/crd/bases", "schema/generated"]) {
      for (const name of readdirSync(join(module, place))) {
        // A copy of the file would have no permission to be deleted, as all files of a module.
        writeFileSync(join(copy, name), readFileSync(join(module, place, name)));
      }
    }
  });
}

function endWithoutSource(name: string, message: string): never {
  // A mistake in go.mod or go.sum is no reason to skip.
  if (/missing go\.sum entry|updates to go\.mod needed|checksum mismatch/.test(message))
    throw new Error(`the modules of ${name} do not fit together`);
  process.stderr.write(`the source of ${name} cannot be downloaded\n`);
  process.exit(75);
}

/** Gives something its name when it is complete: an interruption leaves nothing that a test would use. */
function complete(folder: string, name: string, make: (path: string) => void): void {
  const unfinished = mkdtempSync(join(folder, ".unfinished-"));
  try {
    make(join(unfinished, name));
    renameSync(join(unfinished, name), join(folder, name));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

const missing = missingParts();
if (missing !== undefined && spawnSync("go", ["version"]).status !== 0) {
  // The tests skip then, or fail where they are required.
  process.stderr.write(`${missing} cannot be built: go is not on PATH\n`);
  process.exit(process.env.REQUIRE_CLUSTER === "1" ? 1 : 0);
}
const folder = programFolder();
mkdirSync(folder, { recursive: true });
if (!existsSync(folderOfKeda())) fetchKeda(folder);
for (const program of missingPrograms()) build(program, folder);
