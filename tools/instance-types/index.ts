import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countNoun } from "sweep-worker/contract";
import { refusal, runTool, ToolError, tool } from "../support/tool.ts";
import { describedTypes, type InstanceTypeTable, tableOf, textOf } from "./described.ts";

const tableFile = join(__dirname, "../../constructs/pools/instance-types.json");

/** `npm run instance-types`: adds the types of AWS's own description to the table. */
function update(files: readonly string[], { region }: { readonly region?: readonly string[] }): void {
  if (files.length > 0 && region !== undefined) {
    throw refusal("--region", "used without files", region, "leave one of the two out");
  }
  const texts = region?.map(describe) ?? (files.length === 0 ? ["/dev/stdin"] : files).map(read);
  const before = JSON.parse(readFileSync(tableFile, "utf8")) as InstanceTypeTable;
  // A region offers a part of the types. A type that is missing here is offered elsewhere.
  const after = Object.assign({}, before, ...texts.map((text) => tableOf(parse(text))));
  writeFileSync(tableFile, textOf(after));
  const added = Object.keys(after).filter((name) => !Object.hasOwn(before, name));
  const known = Object.keys(after).filter((name) => Object.hasOwn(before, name));
  const changed = known.filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]));
  process.stdout.write(
    `${countNoun(Object.keys(after).length, "type")}: ${listed("added", added)}, ${listed("changed", changed)}\n`,
  );
}

type Source = readonly [name: string, text: string];

function describe(region: string): Source {
  const args = ["ec2", "describe-instance-types", "--region", region, "--output", "json"];
  try {
    return [`aws ${args.join(" ")}`, execFileSync("aws", args, { encoding: "utf8", maxBuffer: 2 ** 28 })];
  } catch (error) {
    throw new ToolError(`aws ${args.join(" ")} failed: ${(error as Error).message}`);
  }
}

function read(file: string): Source {
  try {
    return [file, readFileSync(file === "/dev/stdin" ? 0 : file, "utf8")];
  } catch (error) {
    throw refusal("files", "readable files", file, (error as Error).message);
  }
}

/** @throws ToolError for another text, with the first place that differs. */
function parse([name, text]: Source) {
  const problem = (why: string) => {
    const fix = `use the output of aws ec2 describe-instance-types --output json (${why})`;
    return refusal("files", "AWS's description of instance types", name, fix);
  };
  try {
    const { data, error } = describedTypes.safeParse(JSON.parse(text));
    if (data !== undefined) return data;
    const [issue] = error.issues;
    throw problem(`${issue?.path.join(".") || "the whole"}: ${issue?.message}`);
  } catch (error) {
    throw error instanceof ToolError ? error : problem((error as Error).message);
  }
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? `none ${what}` : `${names.length} ${what} (${names.join(", ")})`;
}

runTool(
  tool("npm run instance-types --", "Renew constructs/pools/instance-types.json from what AWS says of its types.")
    .argument("[files...]", "output of aws ec2 describe-instance-types --output json (default: standard input)")
    .option("--region <regions...>", "ask AWS, with the AWS CLI, for the types of these regions")
    .action(update),
);
