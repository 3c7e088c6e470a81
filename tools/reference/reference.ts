import {
  declarationOf,
  EXIT_CODE,
  factsOf,
  formatCount,
  oneOf,
  SETTING_NAMES,
  show,
  variableName,
} from "sweep-worker/contract";
import { z } from "zod";
import { workerJobSettingsSchema } from "../../constructs/workload/worker-job-settings.ts";
import { documentationOf, type FieldDocumentation } from "./documentation.ts";
import { environmentParts } from "./environment.ts";

const settingsFile = "worker/src/contract/worker-settings.ts";

/** The text of docs/reference.md: everything in it comes from the declarations and their documentation. */
export function reference(): string {
  return `# Reference

<!-- \`npm run docs\` writes this file from the declarations in the sources. -->

## Settings of a worker

A worker (\`sweep worker\`) reads environment variables. \`sweep run\` takes options, and a variable applies where its option is not
given. \`TOTAL_WORKERS\` and \`TOTAL_PARAMETERS\` have a default for \`sweep run\` only; a worker must get them.

${workerTable()}

## Fields of an environment

An environment is an object in \`environments.ts\`. All problems of all fields are reported at once.

${environmentSections()}

## Settings of a job

A job is an entry of \`workload.jobs\` in \`environments.ts\`, beside \`nodePool\` or \`size\` (see [jobs.md](jobs.md)).

${fieldTable(workerJobSettingsSchema.shape, documentationOf("constructs/workload/worker-job-settings.ts", "WorkerJobSettings"))}

## Exit codes

${exitCodeTable()}
`;
}

/** One table for each interface that an environment is made of. */
function environmentSections(): string {
  return environmentParts
    .map(({ title, introduction, file, name, shape }) => {
      const heading = title === undefined ? "" : `### ${title}\n\n`;
      return `${heading}${introduction}\n\n${fieldTable(shape, documentationOf(file, name))}`;
    })
    .join("\n\n");
}

/** A table of the fields of an interface: its documentation, and the facts that its schema carries. */
export function fieldTable(
  shape: Readonly<Record<string, z.ZodType>>,
  documentation: ReadonlyMap<string, FieldDocumentation>,
): string {
  const rows = Object.entries(shape).map(([name, schema]) => [
    code(name),
    prose(allowedBy(schema)),
    defaultOf(schema) || prose(documentation.get(name)?.default?.replace(/^- /, "") ?? ""),
    prose(documentation.get(name)?.text ?? ""),
  ]);
  return table(["field", "must be", "default", "meaning"], rows);
}

function allowedBy(schema: z.ZodType): string {
  const { allowed } = factsOf(schema);
  const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly ? schema.unwrap() : schema;
  if (allowed !== undefined) return allowed;
  if (inner instanceof z.ZodEnum) return oneOf(inner.options.map(show));
  return inner instanceof z.ZodObject ? "an object" : "";
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
  if (byDefault === undefined) return prose(defaultText ?? "");
  return code(typeof byDefault === "string" && byDefault !== "" ? byDefault : JSON.stringify(byDefault));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Markdown that shows the text as it is, except for the code and the links to other fields in it. */
function prose(text: string): string {
  const parts = text
    .replaceAll("|", "\\|")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .split("`");
  return parts.map((part, index) => (index % 2 === 0 ? part.replaceAll("<", "\\<") : part)).join("`");
}
