import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describeProblem } from "../../constructs/support/problems.ts";
import { dev } from "../../environments.ts";
import { problemsOf } from "../support/fixtures.ts";

const read = (name: string) => readFileSync(join(__dirname, "..", "..", "docs", name), "utf8");
const examplesOf = (text: string) =>
  [...text.matchAll(/```ts\n(workload: [\s\S]*?)```/g)].map(([, example = ""]) => example.replace("[...]", "[]"));
const examples = ["image.md", "jobs.md"].flatMap((name) => examplesOf(read(name)).map((text) => [name, text] as const));

test("the docs have examples of workloads", () => {
  expect(examples.map(([name]) => name)).toEqual(["image.md", "image.md", "jobs.md"]);
});

test.each(examples)("an example of a workload in %s is one that can be deployed", (_, text) => {
  const { workload } = runInNewContext(`({${text}})`);
  // Through JSON, since its lists are of another realm.
  const environment = { ...dev, workload: JSON.parse(JSON.stringify(workload)) };
  expect(problemsOf(environment).map(describeProblem)).toEqual([]);
});
