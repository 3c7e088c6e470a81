import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesMinors } from "../../constructs/cluster/kubernetes-versions.ts";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { type Plan, readPlan } from "../../tools/diff/plan.ts";
import { countsOf, type Warning, warningsOf } from "../../tools/diff/summary.ts";
import { devWith } from "../support/fixtures.ts";
import { mockedApply } from "../support/mocked-provider.ts";
import { describeWithTerraform } from "../support/with-terraform.ts";

interface StoredResource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly provider_name: string;
  readonly schema_version: number;
  readonly values: Readonly<Record<string, unknown>>;
}

interface Module {
  readonly root_module: { readonly resources: readonly StoredResource[] };
}

/** The known values; where there is none, the answered one. */
function filled(known: unknown, answered: unknown): unknown {
  if (known === undefined) return answered;
  if (typeof known !== "object" || known === null || typeof answered !== "object" || answered === null) return known;
  const other = answered as Record<string, unknown>;
  if (Array.isArray(known)) return known.map((value, index) => filled(value, other[index]));
  const keys = [...new Set([known, answered].flatMap(Object.keys))];
  return Object.fromEntries(keys.map((key) => [key, filled((known as Record<string, unknown>)[key], other[key])]));
}

/** The attributes of `terraform_data`, which may be of any type: a state names it beside the value. */
function withTypes(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { input, output, triggers_replace, ...others } = attributes;
  const dynamic = Object.entries({ input, output, triggers_replace }).map(([name, value]) => [
    name,
    value === null || value === undefined ? null : { value, type: typeOf(value) },
  ]);
  return { ...others, ...Object.fromEntries(dynamic) };
}

function typeOf(value: unknown): unknown {
  if (Array.isArray(value)) return ["tuple", value.map(typeOf)];
  if (typeof value !== "object" || value === null) return typeof value === "boolean" ? "bool" : typeof value;
  return ["object", Object.fromEntries(Object.entries(value).map(([name, part]) => [name, typeOf(part)]))];
}

/**
 * The state after a first deploy: the real provider's planned values, with its defaults. Values that only AWS knows come from the
 * mocked provider.
 */
function stateOf(planned: readonly StoredResource[], applied: readonly StoredResource[]) {
  const resources = planned.map(({ address, type, name, provider_name, schema_version, values }) => {
    const answered = applied.find((resource) => resource.address === address)?.values;
    const known = filled(values, answered) as Readonly<Record<string, unknown>>;
    const attributes = type === "terraform_data" ? withTypes(known) : known;
    const provider = `provider["${provider_name}"]`;
    return {
      mode: "managed",
      type,
      name,
      provider,
      instances: [{ schema_version, attributes, sensitive_attributes: [] }],
    };
  });
  return { version: 4, terraform_version: "1.10.0", serial: 1, lineage: "test", outputs: {}, resources };
}

describeWithTerraform("the warnings of real plans of the platform", (workspace) => {
  let state: string;

  beforeAll(() => {
    const folder = workspace().synthesize(dev);
    workspace().init(folder);
    writeFileSync(join(folder, "platform.tftest.json"), JSON.stringify(mockedApply));
    const [applied = ""] = workspace()
      .run(folder, "test", "-json", "-verbose", "-no-color")
      .split("\n")
      .filter((line) => line.includes('"type":"test_state"'));
    const copy = workspace().copyWithoutAccount(folder, "first");
    workspace().init(copy);
    const { planned_values } = workspace().plan(copy).plan as never as { planned_values: Module };
    const { test_state }: { test_state: Module } = JSON.parse(applied);
    state = JSON.stringify(stateOf(planned_values.root_module.resources, test_state.root_module.resources));
  });

  /** The plan of a changed environment for the deployed one. */
  const planOf = (name: string, environment: Environment, deployed = state): Plan => {
    const copy = workspace().copyWithoutAccount(workspace().synthesize(environment), name);
    writeFileSync(join(copy, "terraform.tfstate"), deployed);
    workspace().init(copy);
    workspace().run(copy, "plan", "-input=false", "-refresh=false", "-lock=false", "-out=plan.out");
    return readPlan(workspace().run(copy, "show", "-json", "plan.out"), name);
  };
  const loud = (plan: Plan) => warningsOf("dev-platform", plan).filter(({ severity }) => severity === "loud");
  const of = (warnings: readonly Warning[], type: string) =>
    warnings.filter(({ address }) => address.startsWith(`${type}.`));

  test("name each replaced or removed resource with its reason, and no other", () => {
    const { executor, gpu: _, ...others } = dev.nodePools;
    if (executor === undefined) throw new Error("dev has an executor pool");
    const environment = devWith({
      nodePools: { ...others, executor: { ...executor, instanceTypes: ["c6i.2xlarge"] } },
      cluster: { ...dev.cluster, administrators: ["arn:aws:iam::111122223333:role/somebody-else"] },
    });
    const plan = planOf("changed", environment);
    const warnings = loud(plan);
    expect(of(warnings, "aws_eks_node_group")).toMatchObject([
      {
        noun: "node group",
        address: expect.stringMatching(/pool-executor_node-group_/),
        // It has create_before_destroy.
        happens: "is REPLACED (the new one is created first)",
        because: expect.stringMatching(/^instance_types: .*"c5\.2xlarge".* -> \["c6i\.2xlarge"\]$/),
        effect: expect.stringContaining("every pod on its nodes is drained"),
      },
      { address: expect.stringMatching(/pool-gpu_/), happens: "is DESTROYED", because: "it is no longer in the code" },
    ]);
    expect(of(warnings, "aws_eks_access_entry")).toMatchObject([
      { happens: "is DESTROYED", effect: expect.stringContaining("can no longer access the cluster") },
      { happens: "PERMITS MORE", address: expect.stringContaining("somebody-else") },
    ]);
    expect(warnings.map(({ noun }) => noun).sort()).toEqual([
      "access entry",
      "access entry",
      "access policy",
      "access policy",
      // Of the pool that is removed.
      "launch template",
      "node group",
      "node group",
    ]);
    expect(countsOf(plan)).toMatchObject({ drifted: 0, forgotten: 0, imported: 0 });
  });

  test("tell of the nodes that another release of their image replaces, group by group and in place", () => {
    const { nodeReleaseVersion } = kubernetesMinors[dev.cluster.kubernetesVersion] ?? {};
    if (nodeReleaseVersion === undefined) throw new Error("the release of dev's nodes is pinned");
    const deployed = state.replaceAll(nodeReleaseVersion, "1.35.6-20260714");
    const plan = planOf("release", dev, deployed);
    expect(countsOf(plan)).toMatchObject({ add: 0, replace: 0, destroy: 0 });
    const groups = of(warningsOf("dev-platform", plan), "aws_eks_node_group");
    expect(groups).toHaveLength(Object.keys(dev.nodePools).length);
    for (const group of groups) {
      expect(group).toMatchObject({
        severity: "notice",
        because: "release_version changes",
        effect:
          "its nodes are replaced, a third of them at a time: every pod on them is drained once, and workers continue elsewhere from their committed blocks",
      });
    }
  });

  test("name everything that goes with a network whose addresses change", () => {
    const warnings = loud(planOf("network", devWith({ network: { ...dev.network, cidrBlock: "10.9.0.0/16" } })));
    expect(of(warnings, "aws_vpc")).toMatchObject([
      { happens: expect.stringContaining("is REPLACED"), because: 'cidr_block: "10.0.0.0/16" -> "10.9.0.0/16"' },
    ]);
    expect(of(warnings, "aws_subnet")).toHaveLength(6);
    expect(of(warnings, "aws_eks_node_group")).toHaveLength(Object.keys(dev.nodePools).length);
  });
});
