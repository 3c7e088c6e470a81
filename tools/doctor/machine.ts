import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { satisfies } from "semver";
import { repository } from "../support/terraform.ts";
import { type Check, type Finding, notChecked, ok, problem, warning } from "./check.ts";
import { runProgram, versionIn } from "./program.ts";

/** The last day of security fixes, by major. @see https://github.com/nodejs/Release/blob/main/schedule.json */
const nodeEndOfLife: Readonly<Record<number, string>> = {
  18: "2025-04-30",
  20: "2026-04-30",
  21: "2024-06-01",
  22: "2027-04-30",
  23: "2025-06-01",
  24: "2028-04-30",
  25: "2026-06-01",
};
const gibibyte = 2 ** 30;

/** What `npm start` and `npm test` need, and, for a deploy, room for Terraform's providers. */
export function machineChecks(forDeploy: boolean): Check[] {
  return [
    { name: "Node.js", run: () => nodeFinding(process.versions.node, new Date()) },
    { name: "npm", run: npm },
    { name: "machine", run: () => machineFinding(process.platform, process.arch, availableParallelism()) },
    // Of Terraform's providers alone AWS's takes 700 MB.
    { name: "free disk", run: () => freeDisk(forDeploy ? 3 : 1) },
    { name: "Python", run: python },
  ];
}

export function nodeFinding(version: string, today: Date): Finding {
  const { engines } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const wanted = readFileSync(join(repository, ".nvmrc"), "utf8").trim();
  const fix = `nvm install ${wanted}, or https://nodejs.org`;
  if (!satisfies(version, engines.node)) return problem(version, `${engines.node} (package.json)`, fix);
  const end = nodeEndOfLife[Number.parseInt(version, 10)];
  if (end === undefined || today <= new Date(`${end}T23:59:59Z`)) return ok(version);
  return warning(`${version}, without security fixes since ${end}`, `a maintained release, such as ${wanted}`, fix);
}

async function npm(): Promise<Finding> {
  const ended = await runProgram(process.platform === "win32" ? "npm.cmd" : "npm", ["--version"]);
  const version = ended.outcome === "ended" && ended.status === 0 ? versionIn(ended.stdout) : undefined;
  return version === undefined
    ? problem("not on PATH", "npm, which comes with Node.js", "https://nodejs.org")
    : ok(version);
}

export function machineFinding(platform: string, arch: string, cores: number): Finding {
  const found = `${platform} ${arch}, ${cores} ${cores === 1 ? "core" : "cores"}`;
  const tried = ["linux", "darwin"].includes(platform) && ["x64", "arm64"].includes(arch);
  if (tried) return ok(found);
  return warning(
    found,
    "Linux or macOS on x64 or arm64",
    "on Windows, use WSL: https://learn.microsoft.com/windows/wsl",
  );
}

async function freeDisk(least: number): Promise<Finding> {
  const { bavail, bsize } = await statfs(repository);
  return diskFinding(bavail * bsize, least);
}

export function diskFinding(bytes: number, leastGiB: number): Finding {
  const found = `${(bytes / gibibyte).toFixed(1)} GiB`;
  if (bytes >= leastGiB * gibibyte) return ok(found);
  // Results may be all that is left of a sweep: no command to paste removes them.
  return warning(
    found,
    `${leastGiB} GiB or more; results of old runs are in the folder results`,
    "rm -rf cdktf.out cdktf.out-diff",
  );
}

async function python(): Promise<Finding> {
  const ended = await runProgram("python3", ["--version"]);
  const version = ended.outcome === "ended" && ended.status === 0 ? versionIn(ended.stdout) : undefined;
  if (version !== undefined) return ok(version);
  return notChecked("no python3 on PATH; only evaluations in Python need it");
}
