import {
  declarationOf,
  EXECUTOR_SETTING_NAMES,
  EXECUTOR_SETTINGS,
  EXIT_CODE_MEANINGS,
  factsOf,
  SETTING_NAMES,
  show,
} from "sweep-worker/contract";
import type { z } from "zod";
import { workerJobSettingsSchema } from "../../constructs/workload/worker-job-settings.ts";
import { documentationOf } from "../../tools/reference/documentation.ts";
import { fieldsOf } from "../support/quick-info.ts";

const workerSettings = documentationOf("worker/src/contract/worker-settings.ts", "WorkerSettings");
const executorSettings = documentationOf("worker/src/contract/executor-settings.ts", "ExecutorSettings");
const exitCodes = documentationOf("worker/src/contract/errors.ts", "EXIT_CODE");
const jobSettings = documentationOf("constructs/workload/worker-job-settings.ts", "WorkerJobSettings");

/** The text that `@default` must have, by the schema. */
function declaredDefault(schema: z.core.$ZodType): string | undefined {
  const { default: byDefault, defaultText } = factsOf(schema);
  if (byDefault !== undefined) return show(byDefault);
  return defaultText === undefined ? undefined : `- ${defaultText}`;
}

test("every setting of a worker is declared, in the order of its documentation", () => {
  expect(SETTING_NAMES).toEqual([...workerSettings.keys()]);
});

test("every setting of an executor is declared, in the order of its documentation", () => {
  expect(EXECUTOR_SETTING_NAMES).toEqual([...executorSettings.keys()]);
});

test.each([
  ...SETTING_NAMES.map((name) => ({ name, of: "a worker", declaration: declarationOf(name), fields: workerSettings })),
  ...EXECUTOR_SETTING_NAMES.map((name) => ({
    name,
    of: "an executor",
    declaration: EXECUTOR_SETTINGS[name],
    fields: executorSettings,
  })),
])("the documentation of $name of $of says what its declaration says", ({ name, declaration, fields }) => {
  const { description, schema, allowed } = declaration;
  const { summary, text, default: byDefault } = fields.get(name) ?? {};
  expect({ summary, byDefault }).toEqual({ summary: description, byDefault: declaredDefault(schema) });
  // The largest whole number of JavaScript is no limit that a reader must know twice.
  const numbers = allowed.match(/\d[\d,]*/g) ?? [];
  for (const number of numbers.filter((one) => one !== "9,007,199,254,740,991" && one !== "99,999")) {
    expect(text).toContain(number);
  }
});

test("the help says of every exit code what its documentation says", () => {
  expect(Object.entries(EXIT_CODE_MEANINGS)).toEqual([...exitCodes].map(([name, { text }]) => [name, text]));
});

test.each(Object.entries(workerJobSettingsSchema.shape))(
  "the documentation of a job's %s has its default",
  (name, schema) => {
    const { summary, default: byDefault } = jobSettings.get(name) ?? {};
    expect(summary).toMatch(/^.{10,}/);
    expect(byDefault).toBe(declaredDefault(schema));
  },
);

const shown = new Map(
  fieldsOf("WorkerJobSettings", "constructs/workload/worker-job-settings.ts").map((field) => [field.path, field]),
);

test.each(Object.keys(workerJobSettingsSchema.shape))("an editor shows the documentation of a job's %s", (name) => {
  const { documentation = "", defaultText } = shown.get(name) ?? {};
  expect(documentation).not.toBe("");
  expect({ text: documentation.replaceAll("\n", " "), default: defaultText }).toMatchObject({
    text: jobSettings.get(name)?.text,
    default: jobSettings.get(name)?.default,
  });
});
