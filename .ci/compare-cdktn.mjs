// Synthesizes every stack with CDK Terrain (cdktn), the maintained successor of CDKTF, and compares the JSON with what CDKTF
// writes: the way out is open as long as they differ in nothing but the version in their metadata.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";

const successor = "cdktn@0.24.0";
const repository = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "..");
const root = mkdtempSync(join(tmpdir(), "cdktn-"));
const copy = join(root, "repository");

try {
  copyTrackedFiles();
  useSuccessor();
  run(copy, "npm", "install", "--no-audit");
  const { name, version } = readJson(join(copy, "node_modules/cdktf/package.json"));
  if (`${name}@${version}` !== successor) throw new Error(`the copy has ${name}@${version}, not ${successor}`);
  run(copy, process.execPath, "node_modules/typescript/lib/tsc.js", "--project", "tsconfig.app.json");
  const before = synthesize(repository, "cdktf");
  const after = synthesize(copy, "cdktn");
  const differences = compare(before, after);
  if (differences.length > 0) throw new Error(`cdktn synthesizes something else:\n${differences.join("\n")}`);
  process.stdout.write(`${name} ${version} synthesizes the same ${before.size} stacks\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function copyTrackedFiles() {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" }).split("\0");
  for (const file of files.filter((path) => path !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(repository, file), join(copy, file));
  }
}

/** `cdktf` becomes another name of `cdktn`, for the bindings too; of the other packages, what a synthesis needs. */
function useSuccessor() {
  const file = join(copy, "package.json");
  const manifest = readJson(file);
  manifest.dependencies.cdktf = `npm:${successor}`;
  manifest.overrides = { cdktf: "$cdktf" };
  const needed = ([dependency]) => ["typescript", "@types/node", "@types/semver"].includes(dependency);
  manifest.devDependencies = Object.fromEntries(Object.entries(manifest.devDependencies).filter(needed));
  writeFileSync(file, JSON.stringify(manifest));
}

/** Every stack's JSON by the stack's id. */
function synthesize(directory, name) {
  const outdir = join(root, name);
  run(directory, process.execPath, "--import", "tsx", "main.ts", { CDKTF_OUTDIR: outdir });
  const stacks = join(outdir, "stacks");
  return new Map(readdirSync(stacks).map((stack) => [stack, readJson(join(stacks, stack, "cdk.tf.json"))]));
}

function compare(before, after) {
  const ids = new Set([...before.keys(), ...after.keys()]);
  return [...ids].flatMap((id) => {
    const [old, now] = [before.get(id), after.get(id)];
    if (old === undefined || now === undefined) return [`${id}: synthesized by one of the two only`];
    const [oldVersion, version] = [old, now].map((stack) => {
      const { metadata } = stack["//"];
      const found = metadata.version;
      delete metadata.version;
      return found;
    });
    // Equal versions would mean that one library had synthesized both.
    const same = oldVersion === version ? [`${id}: both are of version ${version}`] : [];
    return [...same, ...differences(old, now, id)];
  });
}

function differences(old, now, path) {
  if (isDeepStrictEqual(old, now)) return [];
  const objects = [old, now].every((value) => typeof value === "object" && value !== null);
  if (!objects) return [`${path}: ${JSON.stringify(old)} became ${JSON.stringify(now)}`];
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...keys].flatMap((key) => differences(old[key], now[key], `${path}.${key}`));
}

function run(cwd, file, ...args) {
  const variables = typeof args.at(-1) === "object" ? args.pop() : {};
  execFileSync(file, args, { cwd, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...variables } });
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
