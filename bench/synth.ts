import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Measurement } from "./measurement.ts";
import { median } from "./statistics.ts";
import type { Workspace } from "./workspace.ts";

const project = join(__dirname, "..");
const rounds = 5;

/** The smallest cdktf app: one stack without provider or resource. */
const emptyApp = `import { App, TerraformStack } from "cdktf";
const app = new App();
new TerraformStack(app, "empty");
app.synth();
`;

/**
 * Times the command of cdktf.json, type-check included, against the same command in an empty app. It is the cost of a one-line
 * change before a plan can begin. The rounds alternate, so that both meet the same load, and medians ignore single outliers.
 */
export async function measureSynth({ report }: Workspace): Promise<Measurement[]> {
  report("synth");
  const { app } = JSON.parse(readFileSync(join(project, "cdktf.json"), "utf8")) as { app: string };
  // The empty app is inside the project, so that both find the same node_modules.
  const empty = mkdtempSync(join(project, ".bench-empty-"));
  const outdir = mkdtempSync(join(tmpdir(), "bench-synth-"));
  try {
    writeFileSync(join(empty, "main.ts"), emptyApp);
    const scripts = { "typecheck:app": "node ../node_modules/typescript/lib/tsc.js --project tsconfig.app.json" };
    writeFileSync(join(empty, "package.json"), JSON.stringify({ scripts }));
    const compilerOptions = { tsBuildInfoFile: ".tsbuildinfo" };
    const tsconfig = { extends: "../tsconfig.app.json", compilerOptions, include: ["main.ts"] };
    writeFileSync(join(empty, "tsconfig.app.json"), JSON.stringify(tsconfig));
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      theirs.push(milliseconds(app, empty, outdir));
      ours.push(milliseconds(app, project, outdir));
    }
    const detail = `${app}, median of ${rounds} alternating rounds`;
    return [
      { name: "synth of all environments", value: median(ours), unit: "ms", detail },
      { name: "synth of an empty cdktf app", value: median(theirs), unit: "ms", detail },
      {
        name: "synth, against an empty cdktf app",
        value: median(ours) / median(theirs),
        unit: "x",
        limit: { atMost: 2 },
        detail,
      },
    ];
  } finally {
    rmSync(empty, { recursive: true, force: true });
    rmSync(outdir, { recursive: true, force: true });
  }
}

function milliseconds(command: string, cwd: string, outdir: string): number {
  const start = performance.now();
  const result = spawnSync(command, {
    cwd,
    shell: true,
    encoding: "utf8",
    env: { ...process.env, CDKTF_OUTDIR: outdir },
  });
  if (result.status !== 0) throw new Error(`${command} failed in ${cwd}:\n${result.stdout}${result.stderr}`);
  return performance.now() - start;
}
