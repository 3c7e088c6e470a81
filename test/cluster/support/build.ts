import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { missingPrograms, moduleFolder, type Program, packages, programFolder, wantedVersion } from "./programs.ts";

/*
 * Builds the programs of the control plane that are missing, from Go modules. Ten minutes on two cores from nothing; nothing if all are there.
 * It ends with 75 where the sources cannot be downloaded, which says nothing of the programs.
 */
const environment = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };

function go(program: Program, args: readonly string[], stderr: "inherit" | "pipe") {
  const options = { cwd: moduleFolder(program), env: environment, encoding: "utf8" } as const;
  // `list` prints megabytes of packages.
  return spawnSync("go", args, { ...options, stdio: ["ignore", stderr === "pipe" ? "ignore" : "inherit", stderr] });
}

/** Flags for the linker: smaller files, and Kubernetes' own version, which a build from modules does not know. */
function linkerFlags(program: Program): string {
  if (!program.startsWith("kube-")) return "-s -w";
  const version = wantedVersion(program);
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
    // A mistake in go.mod or go.sum is no reason to skip.
    if (/missing go\.sum entry|updates to go\.mod needed|checksum mismatch/.test(stderr))
      throw new Error(`the modules of ${program} do not fit together`);
    process.stderr.write(`the source of ${program} cannot be downloaded\n`);
    process.exit(75);
  }
  // It gets its name when it is complete: an interrupted build leaves nothing that a test would start.
  const unfinished = mkdtempSync(join(folder, ".unfinished-"));
  try {
    const file = join(unfinished, program);
    const flags = ["-trimpath", "-ldflags", linkerFlags(program), "-o", file];
    if (go(program, ["build", ...flags, packages[program]], "inherit").status !== 0)
      throw new Error(`${program} cannot be built`);
    renameSync(file, join(folder, program));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  process.stderr.write(`built ${program} in ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
}

const missing = missingPrograms();
if (missing.length > 0 && spawnSync("go", ["version"]).status !== 0) {
  // The tests skip then, or fail where they are required.
  process.stderr.write(`${missing.join(", ")} cannot be built: go is not on PATH\n`);
  process.exit(process.env.REQUIRE_CLUSTER === "1" ? 1 : 0);
}
const folder = programFolder();
mkdirSync(folder, { recursive: true });
for (const program of missing) build(program, folder);
