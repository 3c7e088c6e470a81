import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { temporaryDirectory } from "./sweep.ts";
import { stepOf, workflowOf } from "./workflows.ts";

const isOnPath = (program: string) => spawnSync(program, ["--version"]).error === undefined;
// GitHub's runners have both. `gh` has jq's language built in; its stand-in here starts jq.
const missing = ["bash", "jq"].filter((program) => !isOnPath(program));
if (missing.length > 0) process.stderr.write(`skipped, scripts of the workflows: ${missing} not on PATH\n`);
/** For tests that run scripts of the workflows. */
export const describeWithBash = missing.length === 0 ? describe : describe.skip;

const directory = temporaryDirectory();
/** As GitHub starts bash: with `pipefail` only if the workflow names the shell. */
const bashArguments = (workflow: string) => [
  "--noprofile",
  "--norc",
  "-e",
  ...(workflowOf(workflow).defaults?.run?.shell === "bash" ? ["-o", "pipefail"] : []),
];

/** A comment or an issue, as GitHub lists it. */
export interface Post {
  readonly id?: number;
  readonly number?: number;
  readonly user: { readonly login: string };
  readonly body: string | null;
  readonly pull_request?: object;
}
/** The author of those that a workflow posts. */
export const bot = { login: "github-actions[bot]" };

/**
 * `gh api`: answers a GET with `posts.json` through the filter, as gh does; keeps the method, the path and the body of a write.
 */
const gh = `
method=GET path=
shift
while [ $# -gt 0 ]; do
  case "$1" in
    --method) method="$2"; shift ;;
    --jq) filter="$2"; shift ;;
    --field) cp "\${2#body=@}" body.md; shift ;;
    --raw-field) echo "$2" >> fields; shift ;;
    --paginate) ;;
    *) path="$1" ;;
  esac
  shift
done
echo "$method $path" >> requests
[ "$method" = GET ] && [ -e unreadable ] && { echo "gh: Server Error (HTTP 502)" >&2; exit 1; }
if [ "$method" = GET ]; then jq --raw-output "$filter" < posts.json; else echo https://github.example/1; fi
`;

export /** A job's folder, with stand-ins for npm, whose script the test gives, and for gh. */
function workspace({ npm = "", posts = [] }: { npm?: string; posts?: readonly Post[] } = {}) {
  const folder = mkdtempSync(join(directory, "job-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries({ npm, gh })) {
    writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  }
  writeFileSync(join(folder, "posts.json"), JSON.stringify(posts));
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  const read = (name: string) => readFileSync(path(name), "utf8");
  const run = (workflow: string, job: string, name: string, values: Readonly<Record<string, string>>) => {
    const script = stepOf(workflow, job, name)?.run;
    if (script === undefined) throw new Error(`${workflow}.yml has no script ${name}`);
    const { status, stderr } = spawnSync("bash", [...bashArguments(workflow), "-c", script], {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: [bin, process.env.PATH].join(delimiter),
        GITHUB_OUTPUT: path("output"),
        GITHUB_STEP_SUMMARY: path("summary"),
        RUN_URL: "https://github.example/runs/1",
        RESULTS: "dev: failure, prod: success",
        REPOSITORY: "example/platform",
        ...values,
      },
    });
    return { status, stderr };
  };
  /** The requests that change something. */
  const writes = () => (read("requests").match(/^(POST|PATCH) .*$/gm) ?? []) as string[];
  return { write, read, run, writes, has: (name: string) => existsSync(path(name)) };
}
