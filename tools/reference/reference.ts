import { declarationOf, EXIT_CODE, factsOf, formatCount, SETTING_NAMES, variableName } from "sweep-worker/contract";
import type { z } from "zod";
import { workerJobSettingsSchema } from "../../constructs/workload/worker-job-settings.ts";
import { documentationOf, type FieldDocumentation } from "./documentation.ts";

const settingsFile = "worker/src/contract/worker-settings.ts";

/** The text of docs/reference.md: everything in it comes from the declarations and their documentation. */
export function reference(): string {
  return `# Reference

<!-- \`npm run docs\` writes this file from the declarations in the sources. -->

## Settings of a worker

A worker (\`sweep worker\`) reads environment variables. \`sweep run\` takes options, and a variable applies where its option is not
given. \`TOTAL_WORKERS\` and \`TOTAL_PARAMETERS\` have a default for \`sweep run\` only; a worker must get them.

${workerTable()}

## Settings of a job

A job is an entry of \`workload.jobs\` in \`environments.ts\`, beside \`nodePool\` or \`size\` (see [jobs.md](jobs.md)).

${fieldTable(workerJobSettingsSchema.shape, documentationOf("constructs/workload/worker-job-settings.ts", "WorkerJobSettings"))}

## Exit codes

${exitCodeTable()}
`;
}

/** A table of the fields of an interface: its documentation, and the facts that its schema carries. */
export function fieldTable(
  shape: Readonly<Record<string, z.ZodType>>,
  documentation: ReadonlyMap<string, FieldDocumentation>,
): string {
  const rows = Object.entries(shape).map(([name, schema]) => [
    code(name),
    prose(factsOf(schema).allowed ?? ""),
    defaultOf(schema),
    prose(documentation.get(name)?.text ?? ""),
  ]);
  return table(["field", "must be", "default", "meaning"], rows);
}

function workerTable(): string {
  const documentation = documentationOf(settingsFile, "WorkerSettings");
  const rows = SETTING_NAMES.map((name) => {
    const { option, schema, allowed } = declarationOf(name);
    const own = defaultOf(schema);
    const forRun =
      option?.default === undefined ? prose(option?.defaultText ?? "") : formatCount(Number(option.default));
    return [
      code(name),
      code(variableName(name)),
      name === "evaluation" ? code("[evaluation]") : option === undefined ? "" : code(option.flags.split(" ")[0] ?? ""),
      prose(allowed),
      own === "" ? forRun : own,
      prose(documentation.get(name)?.text ?? ""),
    ];
  });
  return table(["setting", "variable", "option", "must be", "default", "meaning"], rows);
}

function exitCodeTable(): string {
  const documentation = documentationOf("worker/src/contract/errors.ts", "EXIT_CODE");
  const rows = Object.entries(EXIT_CODE).map(([name, value]) => [
    String(value),
    code(name),
    prose(documentation.get(name)?.text ?? ""),
  ]);
  return table(["exit code", "name", "meaning"], rows);
}

function defaultOf(schema: z.ZodType): string {
  const { default: byDefault, defaultText } = factsOf(schema);
  if (typeof byDefault === "number") return formatCount(byDefault);
  return byDefault === undefined ? prose(defaultText ?? "") : code(String(byDefault));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Markdown that shows the text as it is, except for the code in it. */
function prose(text: string): string {
  const parts = text.replaceAll("|", "\\|").split("`");
  return parts.map((part, index) => (index % 2 === 0 ? part.replaceAll("<", "\\<") : part)).join("`");
}
