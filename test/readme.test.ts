import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import { fromZero } from "../constructs/pools/capacity.ts";
import { describeProblem } from "../constructs/support/problems.ts";
import { dev, environments, prod } from "../environments.ts";
import { problemsOf } from "./support/fixtures.ts";
import { codeAfter, codeBlocks, readme, repository } from "./support/readme.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");
const documents = ["", "docs"].flatMap((folder) =>
  readdirSync(join(repository, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

test("every dependency is explained", () => {
  const packages = ["package.json", "worker/package.json"].flatMap((path) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(path));
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  });
  const unexplained = packages.filter(
    (name) => !readme.includes(`\`${name}\``) && !/^@types\/|^@cdktf\/provider-/.test(name),
  );
  expect(unexplained).toEqual([]);
});

test("the environment that is added can be deployed", () => {
  const code = codeAfter("### Another environment");
  const literal = code.slice(code.indexOf("= {") + 2, code.lastIndexOf("};") + 1);
  const environment = runInNewContext(`(${literal})`, { dev, fromZero });
  // Through JSON, since its lists are of another realm.
  expect(problemsOf(JSON.parse(JSON.stringify(environment))).map(describeProblem)).toEqual([]);
});

test("the table of pools is what the environments have", () => {
  for (const [name, pool] of Object.entries(prod.nodePools)) {
    const row = readme.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
    const [, , machines = "", inDev, inProd] = row.split("|").map((cell) => cell.trim());
    const range = (capacity?: { min: number; max: number }) => `${capacity?.min} to ${capacity?.max}`;
    expect({ name, inDev, inProd }).toEqual({
      name,
      inDev: range(dev.nodePools[name]?.capacity),
      inProd: range(pool.capacity),
    });
    expect(machines).toContain(pool.instanceTypes[0]);
    expect(machines.includes("spot")).toBe([dev, prod].some((one) => one.nodePools[name]?.capacityType === "SPOT"));
  }
});

test("the versions that are claimed are those that CI runs", () => {
  const [claim = ""] = /`\.ci\/run` runs every test[\s\S]*?\n\n/.exec(readme) ?? [];
  const found = (pattern: RegExp, path: string) => pattern.exec(read(path))?.[1] ?? `nothing in ${path}`;
  const lowest = found(/^lowest_node=(\S+)/m, ".ci/run");
  const versions = {
    lowest,
    maintained: found(/^maintained_node=(\S+)/m, ".ci/run"),
    image: found(/^ARG NODE_IMAGE=.*node:([\d.]+)-/m, "worker/Dockerfile"),
    terraform: found(/terraform_version: (\S+)/, ".github/actions/setup/action.yml"),
    opentofu: found(/^opentofu=(\S+)/m, ".ci/run"),
    provider: found(/awsProviderVersion = "(\S+)"/, "test/support/mirror.ts"),
  };
  const words = claim.split(/[\s,;()]+/).map((word) => word.replace(/\.$/, ""));
  expect(Object.values(versions).filter((version) => !words.includes(version))).toEqual([]);
  expect(lowest).toBe(`${JSON.parse(read("package.json")).engines.node.slice(2)}.0`);
  const successor = found(/const successor = "cdktn@(.*)";/, ".ci/compare-cdktn.mjs");
  expect(readme).toContain(`with cdktn ${successor} in the place of`);
  const helm = found(/helm\.sh\/helm\/v3 v(\S+)/, "test/cluster/modules/kubernetes/go.mod");
  const keda = found(/kedacore\/keda\/v2 v(\S+)/, "test/cluster/modules/keda/go.mod");
  expect(readme).toContain(`real: helm ${helm}, which renders the chart, and KEDA ${keda}'s definitions`);
});

test("the picture has every pool and every stack", () => {
  const picture = codeBlocks(readme).find(({ language }) => language === "mermaid")?.code ?? "";
  const pools = environments.flatMap(({ nodePools }) => Object.keys(nodePools));
  for (const name of [...pools, "-platform<br/>", "-addons<br/>", "-image<br/>", "-workload<br/>"])
    expect(picture).toContain(name);
});

test.each(documents)("every file that %s links to is there", (path) => {
  const text = read(path);
  const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  const files = targets.filter((target) => !/^(https?:|#)/.test(target)).map((target) => target.replace(/#.*/, ""));
  expect(files.filter((file) => !existsSync(join(repository, dirname(path), file)))).toEqual([]);
});
