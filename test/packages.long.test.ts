import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { codeBlocks, repository } from "./support/readme.ts";
import { temporaryDirectory } from "./support/sweep.ts";

const run = promisify(execFile);
const MINUTE = 60_000;
const directory = temporaryDirectory();
const project = join(directory, "project");

const document = readFileSync(join(repository, "docs/library.md"), "utf8");
/** The programs of the document by file name, which is their first line. */
const programs = codeBlocks(document)
  .filter(({ language }) => language === "ts")
  .map(({ code }) => ({ file: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? "", code }));

/** An environment without this project's npm settings, which `npm test` puts there. The user's own, and the cache, stay. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(cache|userconfig)$)|^NODE_OPTIONS$/i.test(name)),
);

async function start(command: string, args: readonly string[], cwd = project): Promise<string> {
  const { stdout } = await run(command, args, { cwd, env: environment, maxBuffer: 2 ** 26, timeout: 9 * MINUTE });
  return stdout;
}

/** The version that this repository uses. */
function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(repository, "node_modules", name, "package.json"), "utf8")).version;
}

function canReachRegistry(): boolean {
  const { status } = spawnSync("npm", ["ping", "--fetch-retries=0", "--fetch-timeout=15000"], { env: environment });
  return status === 0;
}

const isRequired = process.env.REQUIRE_NPM === "1";
const testWithRegistry = isRequired || canReachRegistry() ? test : test.skip;
if (testWithRegistry === test.skip)
  console.warn(
    "skipped: the npm registry cannot be reached, so that no package can be installed (REQUIRE_NPM=1 insists)",
  );

test("every block of docs/library.md is a file with a name of its own", () => {
  expect(programs.map(({ file }) => file)).toEqual(["evaluate.ts", "sweep.ts", "parts.ts", "platform.ts", "pool.ts"]);
});

testWithRegistry(
  "both packages are packed, installed elsewhere, type-checked and used, as docs/library.md shows",
  async () => {
    mkdirSync(project);
    const [npm = "", ...pack] = /^npm pack .*$/m.exec(document)?.[0].split(" ") ?? [];
    await start(npm, [...pack, "--pack-destination", directory], repository);
    const tarballs = readdirSync(directory).filter((name) => name.endsWith(".tgz"));
    expect(tarballs.sort()).toEqual(["evaluation-platform-constructs-0.1.0.tgz", "sweep-worker-0.1.0.tgz"]);
    for (const tarball of tarballs) {
      const files = (await start("tar", ["-tzf", join(directory, tarball)])).trim().split("\n");
      // Sources of the packages stay here. The evaluations that come with the worker are sources, which it bundles.
      const sources = files.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$|^package\/evaluations\//.test(file));
      expect({ tarball, sources }).toEqual({ tarball, sources: [] });
      if (tarball.includes("constructs")) expect(files).toContain("package/dist/charts/objects/Chart.yaml");
    }

    writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const peers = ["@cdktf/provider-aws", "@cdktf/provider-helm", "@cdktf/provider-kubernetes", "cdktf", "constructs"];
    const packages = [
      ...tarballs.map((tarball) => join(directory, tarball)),
      ...[...peers, "typescript", "@types/node"].map((name) => `${name}@${versionOf(name)}`),
    ];
    await start("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...packages]);

    for (const { file, code } of programs) writeFileSync(join(project, file), code);
    await start("npx", ["--no-install", "tsc", "--init"]);
    const settings = join(project, "tsconfig.json");
    // The one change that a program for Node.js needs, and a check of the packages' own declarations, which --init leaves out.
    const text = readFileSync(settings, "utf8").replace('"types": []', '"types": ["node"]');
    const strict = text.replace('"skipLibCheck": true', '"skipLibCheck": false');
    expect(strict).toMatch(/"types": \["node"\][\s\S]*"skipLibCheck": false/);
    writeFileSync(settings, strict);
    await start("npx", ["--no-install", "tsc"]).catch(({ stdout }) => {
      throw new Error(`the programs of docs/library.md do not compile:\n${stdout}`);
    });

    expect(await start("node", ["sweep.js"])).toBe("1000 results, pi is about 3.14\n");
    expect(await start("node", ["parts.js"])).toBe("500 present, 500 remaining\nless than a second each: true\n");
    const table = readFileSync(join(project, "two-shares.csv"), "utf8").split("\n");
    expect([table[0], table.length]).toEqual(["parameter,pi", 1002]);
    // Two workers in this process and one for each core give the same bytes.
    const column = (results: string) => readFileSync(join(project, results, "columns/pi.f64"));
    expect(column("two-shares").equals(column("results"))).toBe(true);
    expect(await start("npx", ["--no-install", "sweep", "status", "results"])).toContain(
      "present              1,000\n",
    );

    await start("node", ["platform.js"]);
    const platform = synthesized("research");
    expect(platform.aws_eks_node_group).toEqual({
      "executor_node-group": expect.objectContaining({ instance_types: ["c5.2xlarge"], capacity_type: "SPOT" }),
    });
    expect(Object.keys(platform.aws_eks_cluster ?? {})).toHaveLength(1);
    await start("node", ["pool.js"]);
    const pool = synthesized("pool");
    expect(pool).not.toHaveProperty("aws_eks_cluster");
    expect(pool.aws_eks_node_group).toEqual({
      "gpu_node-group": expect.objectContaining({
        ami_type: "AL2023_x86_64_NVIDIA",
        cluster_name: "research",
        force_update_version: true,
      }),
    });
  },
  10 * MINUTE,
);

/** The resources of a stack, by type and by address without the hash. */
function synthesized(stack: string): Record<string, Record<string, unknown>> {
  const { resource } = JSON.parse(readFileSync(join(project, "cdktf.out/stacks", stack, "cdk.tf.json"), "utf8"));
  const withoutHash = (byAddress: object) =>
    Object.fromEntries(Object.entries(byAddress).map(([name, value]) => [name.replace(/_[0-9A-F]{8}$/, ""), value]));
  return Object.fromEntries(Object.entries(resource as object).map(([type, all]) => [type, withoutHash(all)]));
}
