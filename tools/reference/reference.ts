import {
  declarationOf,
  EXECUTOR_SETTING_NAMES,
  EXECUTOR_SETTINGS,
  EXIT_CODE,
  EXIT_CODE_MEANINGS,
  factsOf,
  formatCount,
  oneOf,
  SETTING_NAMES,
  variableName,
} from "sweep-worker/contract";
import { z } from "zod";
import { environmentSchema } from "../../stacks/configuration/schema.ts";
import { variableFields, variablePrefix } from "../../stacks/configuration/variables.ts";
import { documentationOf, type FieldDocumentation } from "./documentation.ts";

type Documentation = ReadonlyMap<string, FieldDocumentation>;

/** A part of an environment with fields of its own: its interface, and the path of its schema. */
interface Part {
  readonly title: string;
  /** As in errors; `[]` is an entry of a list, and `*` a value by name. */
  readonly path: string;
  readonly file: string;
  readonly interface: string;
}

const schemas = "stacks/configuration/schema.ts";

/** Every part of an environment. A test compares the paths with those of the schema. */
export const parts: readonly Part[] = [
  { title: "An environment", path: "", file: schemas, interface: "Environment" },
  { title: "Network", path: "network", file: "constructs/network/network.ts", interface: "NetworkOptions" },
  {
    title: "Existing network",
    path: "existingNetwork",
    file: "constructs/network/network.ts",
    interface: "ExistingNetworkAttributes",
  },
  { title: "Cluster", path: "cluster", file: schemas, interface: "ClusterSettings" },
  { title: "A pool", path: "nodePools.*", file: "constructs/pools/node-pool-options.ts", interface: "NodePoolOptions" },
  {
    title: "A taint",
    path: "nodePools.*.taints[]",
    file: "constructs/support/kubernetes-syntax.ts",
    interface: "Taint",
  },
  {
    title: "An instance type",
    path: "instanceTypes.*",
    file: "constructs/pools/instance-types.ts",
    interface: "InstanceType",
  },
  {
    title: "Registry",
    path: "registry",
    file: "constructs/storage/container-registry.ts",
    interface: "ContainerRegistryOptions",
  },
  {
    title: "Results",
    path: "results",
    file: "constructs/storage/results-bucket.ts",
    interface: "ResultsBucketOptions",
  },
  { title: "Workload", path: "workload", file: schemas, interface: "Workload" },
  { title: "A job", path: "workload.jobs[]", file: schemas, interface: "Job" },
  {
    title: "Executors of a size",
    path: "workload.executors[]",
    file: "constructs/queue/executors-options.ts",
    interface: "ExecutorsOptions",
  },
  {
    title: "Services",
    path: "services",
    file: "constructs/services/services-options.ts",
    interface: "ServicesOptions",
  },
  {
    title: "An entry from outside",
    path: "services.ingress",
    file: "constructs/services/ingress-options.ts",
    interface: "IngressOptions",
  },
  {
    title: "An identity provider",
    path: "services.ingress.oidc",
    file: "constructs/services/ingress-options.ts",
    interface: "OidcOptions",
  },
  {
    title: "Jobs of a size that the API may create",
    path: "services.jobs[]",
    file: "constructs/services/service-jobs-options.ts",
    interface: "ServiceJobsOptions",
  },
  { title: "Budget", path: "budget", file: "constructs/storage/budget-alarm.ts", interface: "BudgetAlarmOptions" },
  { title: "State", path: "s3State", file: schemas, interface: "S3State" },
];

/** The text of docs/reference.md: everything in it comes from the declarations and their documentation. */
export function reference(): string {
  const objects = objectsIn(environmentSchema);
  const sections = parts.map(({ title, path, file, interface: name }) => {
    const shape = objects.get(path)?.shape ?? {};
    const place = path === "" ? "The value in `environments.ts`." : `The value of ${code(path)}.`;
    return `### ${title}\n\n${place}\n\n${fieldTable(shape, documentationOf(file, name))}`;
  });
  return `# Reference

<!-- \`npm run docs\` writes this file from the declarations in the sources. -->

## Settings of a worker

A worker (\`sweep worker\`) reads environment variables. \`sweep run\` takes options, and a variable applies where its option is not
given. \`TOTAL_WORKERS\` and \`TOTAL_PARAMETERS\` have a default for \`sweep run\` only; a worker must get them.

${workerTable()}

## Settings of an executor

An executor (\`sweep executor\`) works on the messages of a queue. It reads environment variables too; the settings of a run come from
\`sweep submit\`.

${executorTable()}

## Exit codes

${exitCodeTable()}

## Settings of an environment

These environment variables of a process replace a field of the environment \`dev\`. Another environment has its own name in
capitals, with _ in place of each other character: \`research-2\` has \`PLATFORM_RESEARCH_2_ACCOUNT_ID\`.

${variableTable(objects)}

${sections.join("\n\n")}
`;
}

/** Every object in a schema, by its path. */
export function objectsIn(schema: z.core.$ZodType, path = ""): ReadonlyMap<string, z.ZodObject> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly) return objectsIn(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return objectsIn(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return objectsIn(schema.valueType, `${path}.*`);
  // A function makes the value of a field that is an object with words of its own, such as `fromZero(50)`.
  if (!(schema instanceof z.ZodObject) || z.globalRegistry.get(schema)?.allowed !== undefined) return new Map();
  const fields = Object.entries<z.core.$ZodType>(schema.shape);
  const inside = fields.flatMap(([name, field]) => [...objectsIn(field, path === "" ? name : `${path}.${name}`)]);
  return new Map([[path, schema], ...inside]);
}

function fieldTable(shape: Readonly<Record<string, z.core.$ZodType>>, documentation: Documentation): string {
  const rows = Object.entries(shape).map(([name, schema]) => [
    code(name),
    allowedOf(schema),
    defaultOf(documentation.get(name)),
    prose(documentation.get(name)?.text ?? ""),
  ]);
  return table(["field", "must be", "default", "meaning"], rows);
}

function variableTable(objects: ReadonlyMap<string, z.ZodObject>): string {
  const rows = Object.entries(variableFields).map(([ending, path]) => {
    const names = path.split(".");
    const schema = objects.get(names.slice(0, -1).join("."))?.shape[names.at(-1) ?? ""];
    if (schema === undefined) throw new Error(`the schema has no ${path}`);
    const allowed = allowedOf(schema);
    return [
      code(`${variablePrefix("dev")}_${ending}`),
      code(path),
      allowed.startsWith("a list of ") ? `${allowed}, separated by commas` : allowed,
    ];
  });
  return table(["variable", "field", "must be"], rows);
}

function workerTable(): string {
  const documentation = documentationOf("worker/src/contract/worker-settings.ts", "WorkerSettings");
  const rows = SETTING_NAMES.map((name) => {
    const { option, schema } = declarationOf(name);
    const forRun =
      option?.default === undefined ? prose(option?.defaultText ?? "") : formatCount(Number(option.default));
    const flag = name === "evaluation" ? "[evaluation]" : option?.flags.split(" ")[0];
    return [
      code(name),
      code(variableName(name)),
      flag === undefined ? "" : code(flag),
      allowedOf(schema),
      defaultOf(documentation.get(name)) || forRun,
      prose(documentation.get(name)?.text ?? ""),
    ];
  });
  return table(["setting", "variable", "option", "must be", "default", "meaning"], rows);
}

function executorTable(): string {
  const documentation = documentationOf("worker/src/contract/executor-settings.ts", "ExecutorSettings");
  const rows = EXECUTOR_SETTING_NAMES.map((name) => [
    code(name),
    code(variableName(name)),
    allowedOf(EXECUTOR_SETTINGS[name].schema),
    defaultOf(documentation.get(name)),
    prose(documentation.get(name)?.text ?? ""),
  ]);
  return table(["setting", "variable", "must be", "default", "meaning"], rows);
}

function exitCodeTable(): string {
  const rows = Object.entries(EXIT_CODE).map(([name, value]) => [
    String(value),
    code(name),
    prose(EXIT_CODE_MEANINGS[name as keyof typeof EXIT_CODE]),
  ]);
  return table(["exit code", "name", "meaning"], rows);
}

function allowedOf(schema: z.core.$ZodType): string {
  const { allowed } = factsOf(schema);
  if (allowed !== undefined) return prose(allowed);
  if (schema instanceof z.ZodOptional) return allowedOf(schema.unwrap());
  if (schema instanceof z.ZodEnum) return prose(oneOf(schema.options.map(String)));
  if (schema instanceof z.ZodNumber) return "a number";
  return schema instanceof z.ZodObject ? "an object, see below" : "a text";
}

/** `@default 10000` is a value, `@default - none` an explanation, and `@default "" - none` both. */
function defaultOf(documentation: FieldDocumentation | undefined): string {
  const text = documentation?.default ?? "";
  if (text.startsWith("- ")) return prose(text.slice(2));
  if (/^\d+$/.test(text)) return formatCount(Number(text));
  const [value = "", ...explanation] = text.split(" - ");
  return value === "" ? "" : [code(value.replace(/^"(.+)"$/, "$1")), ...explanation.map(prose)].join(": ");
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
  const linked = text.replace(/\{@link ([\w.]+)\}/g, "`$1`");
  const parts = linked.replaceAll("|", "\\|").split("`");
  return parts.map((part, index) => (index % 2 === 0 ? part.replaceAll("<", "\\<") : part)).join("`");
}
