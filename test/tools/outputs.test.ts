import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { executorsOf } from "../../tools/support/outputs.ts";
import { ToolError } from "../../tools/support/tool.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const programs = new Programs(directory);
const inherited = { ...process.env };

beforeEach(() => {
  mkdirSync(join(directory, "stacks", "dev-workload"), { recursive: true });
  process.env = { ...inherited, CDKTF_OUTDIR: directory, TERRAFORM_BINARY_NAME: join(programs.path, "terraform") };
});
afterEach(() => {
  process.env = inherited;
});

/** The error of a Terraform that does what a script says. */
function errorOf(script: string): string {
  programs.install("terraform", script);
  try {
    return `no error: ${JSON.stringify(executorsOf("dev"))}`;
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError);
    return (error as Error).message.replace(programs.path, "<folder>");
  }
}

test.each([
  ["nothing", ":"],
  ["a page of a proxy", "echo '<html>sign in</html>'"],
  ["truncated JSON", `echo '{"large":{"queueUrl":"https:'`],
  ["null", "echo null"],
  ["no executors", "echo '{}'"],
  ["missing fields", `echo '{"large":{}}'`],
])("a Terraform that answers with %s is an error with a fix, and no stack trace", (_, script) => {
  expect(errorOf(script)).toMatch(
    /^<folder>\/terraform must print the output executors of dev-workload, got ".*": deploy with this version \(npm run deploy -- dev\), or see npm run doctor -- dev$/,
  );
});

test("so is one that a signal ends, and one that fails", () => {
  expect(errorOf("kill -SEGV $$")).toBe("<folder>/terraform was ended by a signal: run npm run doctor -- dev");
  expect(errorOf("echo broken >&2; exit 1")).toBe("broken\n");
});

test("the error of an output that is not there has no colors, which a log shows as codes", () => {
  const colored = `case "$*" in *-no-color*) red= ;; *) red=$(printf '\\033[31m') ;; esac`;
  expect(errorOf(`[ "$1" = init ] && exit; ${colored}; echo "$red"'Output "executors" not found' >&2; exit 1`)).toBe(
    'dev-workload has no executors; list them as workload.executors in environments.ts, and deploy: npm run deploy -- dev\nOutput "executors" not found\n',
  );
});
