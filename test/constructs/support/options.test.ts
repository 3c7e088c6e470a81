import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { clusterOptionsSchema } from "../../../constructs/cluster/cluster.ts";
import { clusterAccessOptionsSchema } from "../../../constructs/cluster/cluster-access.ts";
import { clusterAddonsOptionsSchema } from "../../../constructs/cluster/kubernetes-versions.ts";
import { existingNetworkAttributesSchema, networkOptionsSchema } from "../../../constructs/network/network.ts";
import { instanceTypeSchema } from "../../../constructs/pools/instance-types.ts";
import { nodePoolOptionsSchema } from "../../../constructs/pools/node-pool-options.ts";
import { budgetAlarmOptionsSchema } from "../../../constructs/storage/budget-alarm.ts";
import { containerRegistryOptionsSchema } from "../../../constructs/storage/container-registry.ts";
import { resultsBucketOptionsSchema } from "../../../constructs/storage/results-bucket.ts";
import type { FieldMetadata } from "../../../constructs/support/fields.ts";
import { taintSchema } from "../../../constructs/support/kubernetes-syntax.ts";

/** Each group of options, with its interface and the file of both. */
const groups = [
  ["BudgetAlarmOptions", "storage/budget-alarm.ts", budgetAlarmOptionsSchema],
  ["ClusterAccessOptions", "cluster/cluster-access.ts", clusterAccessOptionsSchema],
  ["ClusterAddonsOptions", "cluster/kubernetes-versions.ts", clusterAddonsOptionsSchema],
  ["ClusterOptions", "cluster/cluster.ts", clusterOptionsSchema],
  ["ContainerRegistryOptions", "storage/container-registry.ts", containerRegistryOptionsSchema],
  ["ExistingNetworkAttributes", "network/network.ts", existingNetworkAttributesSchema],
  ["InstanceType", "pools/instance-types.ts", instanceTypeSchema],
  ["NetworkOptions", "network/network.ts", networkOptionsSchema],
  ["NodePoolOptions", "pools/node-pool-options.ts", nodePoolOptionsSchema],
  ["ResultsBucketOptions", "storage/results-bucket.ts", resultsBucketOptionsSchema],
  ["Taint", "support/kubernetes-syntax.ts", taintSchema],
] as const;

const fields = groups.flatMap(([name, file, schema]) =>
  Object.entries<z.core.$ZodType>(schema.shape).map(([field, type]) => {
    const inner = type instanceof z.ZodOptional ? type.unwrap() : type;
    return {
      field: `${name}.${field}`,
      doc: docOf(file, name, field),
      type,
      metadata: z.globalRegistry.get(inner) as unknown as FieldMetadata,
    };
  }),
);

/** The TSDoc of a field, as one line. */
function docOf(file: string, type: string, field: string): string {
  const source = readFileSync(join(__dirname, "../../../constructs", file), "utf8");
  const body = source.slice(source.indexOf(`interface ${type} `));
  const [before = ""] = body.slice(0, body.indexOf("\n}\n")).split(new RegExp(`\\n  readonly ${field}\\??:`));
  return before
    .slice(before.lastIndexOf("/**"))
    .replace(/^\s*\* ?/gm, "")
    .replace("*/", "");
}

describe("an option of an environment", () => {
  test.each(fields)("has an example that works: $field", ({ type, metadata }) => {
    expect(z.safeParse(type, metadata.example)).toMatchObject({ success: true });
  });

  test.each(fields)("has a fix for its errors: $field", ({ metadata }) => {
    expect(metadata).toMatchObject({ fix: expect.stringMatching(/^use for example ./) });
  });

  test.each(fields.filter(({ type }) => type instanceof z.ZodOptional))(
    "names the default of the code in its documentation: $field",
    ({ doc, metadata }) => {
      const documented = /@default (.*)/.exec(doc)?.[1] ?? "";
      if (metadata.default === undefined) expect(documented).toMatch(/^- \w/);
      else expect(JSON.parse(documented.split(" - ")[0] ?? "")).toEqual(metadata.default);
    },
  );
});
