import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import GithubSlugger from "github-slugger";
import { fromZero } from "../constructs/pools/capacity.ts";
import { describeProblem } from "../constructs/support/problems.ts";
import { dev, environments, prod } from "../environments.ts";
import { problemsOf } from "./support/fixtures.ts";
import { codeAfter, codeBlocks, page as read, readme, repository } from "./support/readme.ts";

const documents = ["", "docs"].flatMap((folder) =>
  readdirSync(join(repository, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** A text without blocks and spans of code. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "").replaceAll(/`[^`]*`/g, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(path: string): Set<string> {
  const slugger = new GithubSlugger();
  const headings = read(path)
    .replaceAll(/^ *```[\s\S]*?^ *```$/gm, "")
    .matchAll(/^#+ (.*)$/gm);
  return new Set([...headings].map(([, text = ""]) => slugger.slug(text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"))));
}

test("the README has 200 lines at most", () => {
  expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(200);
});

test.each(["ts", "py"])("the evaluation pi.%s is shown as it is in the repository", (ending) => {
  const document = ending === "ts" ? readme : read("docs/evaluations.md");
  const source = read(`worker/evaluations/pi.${ending}`);
  expect(codeAfter(`\`worker/evaluations/pi.${ending}\` is one:`, document)).toBe(source);
});

test("the first sentences tell the costs of the table", () => {
  const [, idle, least, most] = /costs (\$\d+) a month[\s\S]*?adds\s+(\$[\d.]+) to (\$[\d.]+)\s/.exec(readme) ?? [];
  expect(readme).toMatch(new RegExp(`│ idle, a month +│ +\\${idle} │`));
  expect(readme).toMatch(new RegExp(`│ one sweep adds, on spot machines +│ +\\${least} to \\${most} │`));
});

test("the index has a line for every page", () => {
  const index = read("docs/README.md");
  const pages = documents.filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
  expect(pages.filter((path) => !index.includes(`\n- [${path.slice(5)}](${path.slice(5)}): `))).toEqual([]);
});

test("every dependency is explained", () => {
  const contributing = read("CONTRIBUTING.md");
  const packages = ["package.json", "worker/package.json"].flatMap((path) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(path));
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  });
  const unexplained = packages.filter(
    (name) => !contributing.includes(`\`${name}\``) && !/^@types\/|^@cdktf\/provider-/.test(name),
  );
  expect(unexplained).toEqual([]);
});

test("the environment that is added can be deployed", () => {
  const code = codeAfter("## Another environment", read("docs/environment.md"));
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
  const tested = read("docs/tested.md");
  const [claim = ""] = /`\.ci\/run` runs every part[\s\S]*?\n## /.exec(tested) ?? [];
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
  expect(read("docs/cdktf.md")).toContain(`with cdktn ${successor} in the place of`);
  // Renovate raises the pinned versions, and a minor must not make its pull request red.
  const provider = found(/"hashicorp\/aws"\s+version = "(\d+)/, "providers/versions.tf");
  expect(tested).toContain(`Its AWS provider is a release of ${provider},`);
  const helm = found(/helm\.sh\/helm\/v3 v(\S+)/, "test/cluster/modules/kubernetes/go.mod");
  const keda = found(/kedacore\/keda\/v2 v(\S+)/, "test/cluster/modules/keda/go.mod");
  expect(tested).toContain(`Real: helm ${helm}, which renders the chart, and KEDA ${keda}'s`);
});

test("the picture has every pool and every stack", () => {
  const picture = codeBlocks(readme).find(({ language }) => language === "mermaid")?.code ?? "";
  const pools = environments.flatMap(({ nodePools }) => Object.keys(nodePools));
  for (const name of [...pools, "-platform<br/>", "-addons<br/>", "-image<br/>", "-workload<br/>"])
    expect(picture).toContain(name);
});

test.each(documents)("every file and every heading that %s links to is there", (path) => {
  const links = [...prose(read(path)).matchAll(/\]\(([^)]*)\)/g)].map(([, link = ""]) => link);
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    if (!existsSync(join(repository, target))) return true;
    return anchor !== undefined && !anchors(target).has(anchor);
  });
  expect(broken).toEqual([]);
});
