import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "@swc/core";
import { codeBlocks, repository } from "../../support/readme.ts";
import { synthesize } from "../../support/synthesized.ts";

const document = readFileSync(join(repository, "docs/adding-an-add-on.md"), "utf8");
/** The exports of the block that begins with the name of its file. @param others modules that the repository does not have. */
function moduleOf(path: string, others: Readonly<Record<string, unknown>> = {}) {
  const block = codeBlocks(document).find(({ code }) => code.startsWith(`// ${path}\n`));
  if (block === undefined) throw new Error(`docs/adding-an-add-on.md has no block of ${path}`);
  const { code } = transformSync(block.code, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  // biome-ignore lint/suspicious/noExplicitAny: the module of a text.
  const exported: any = {};
  const load = (name: string) =>
    others[name] ?? require(name.startsWith(".") ? join(repository, path, "..", name) : name);
  new Function("require", "exports", code)(load, exported);
  return exported;
}

test("the add-on of docs/adding-an-add-on.md is a release with the pods that the page counts", () => {
  const pools = moduleOf("constructs/pools/daemon-sets.ts");
  const { LogShipper, logShipper } = moduleOf("constructs/addons/log-shipper.ts", { "../pools/daemon-sets.ts": pools });
  const made = synthesize((stack) => {
    new LogShipper(stack, "log-shipper", { identity: logShipper, region: "us-west-2", logGroupName: "/pods" });
  }).one("helm_release");
  expect(made).toMatchObject({ name: "aws-for-fluent-bit", namespace: "kube-system", version: "0.2.0", atomic: true });
  expect(JSON.parse(made.values[0]).resources.requests).toEqual({ cpu: "50m", memory: "50Mi" });
});
