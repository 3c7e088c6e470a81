import { join } from "node:path";
import { dynamic, fromZero } from "../../constructs/pools/capacity.ts";
import { dev } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { findMirror } from "../support/mirror.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { DeployedPlatform, type Step } from "./deployed-platform.ts";
import { imitateAws, missingForLifecycle } from "./imitated-aws.ts";

/*
 * Changes of a platform that runs, with real Terraform and the real AWS provider on an AWS that is imitated on this machine, as in
 * lifecycle.long.test.ts. Each test leaves the platform as it found it.
 */
const python = process.env.LIFECYCLE_PYTHON;
const mirror = findMirror();
const reason = missingForLifecycle ?? ("missing" in mirror ? mirror.missing : undefined);

const { general, executor: unsized } = dev.nodePools as Record<
  "general" | "executor",
  Environment["nodePools"][string]
>;
/** Jobs name it, and executors its size. */
const executor = { ...unsized, labels: { ...unsized.labels, "executor-size": "large" } };
const small: Environment = { ...dev, nodePools: { general, executor } };
const withExecutor = (changes: object, others: Partial<Environment> = {}): Environment => ({
  ...small,
  ...others,
  nodePools: { general, executor: { ...executor, ...changes } },
});
const withFourZones = { ...small, availabilityZones: [...small.availabilityZones, "us-west-2d"] };

const directory = temporaryDirectory();
let stop: () => void = () => {};
let platform: DeployedPlatform;

const define = reason === undefined ? describe : describe.skip;
define(`a platform that runs${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    if ("missing" in mirror) return;
    const aws = await imitateAws(python ?? "");
    stop = aws.stop;
    platform = new DeployedPlatform(join(directory, "platform"), mirror.path, aws.address);
    expect(await platform.apply(small)).toMatchObject({ error: "" });
  });
  afterAll(() => stop());

  test("gets a zone without a change of the cluster or a pool", async () => {
    const changes = await platform.plan(withFourZones);
    expect(
      changes.map(({ type, address, change }) => `${change.actions} ${type} ${/us-west-2.|s3/.exec(address)}`).sort(),
    ).toEqual([
      "create aws_route us-west-2d",
      "create aws_route_table us-west-2d",
      "create aws_route_table_association us-west-2d",
      "create aws_route_table_association us-west-2d",
      "create aws_subnet us-west-2d",
      "create aws_subnet us-west-2d",
      // The zone's route table is appended to its list.
      "update aws_vpc_endpoint s3",
    ]);
  });

  test("refuses other zones of the cluster before anything changes", async () => {
    const cluster = { ...dev.cluster, availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2d"] };
    const { error, steps } = await platform.apply({ ...withFourZones, cluster });
    expect(oneLine(error)).toContain(
      "The cluster was made in us-west-2a, us-west-2b, us-west-2c, and EKS takes no other zones. Name these in cluster.availabilityZones, and other zones in the availabilityZones of pools; or destroy the platform and deploy it anew.",
    );
    expect(steps).toEqual([]);
    const reversed = { ...dev.cluster, availabilityZones: [...dev.cluster.availabilityZones].reverse() };
    expect(await platform.plan({ ...small, cluster: reversed })).toEqual([]);
  });

  test("uses the zone in pools that name it, and gives it back after their nodes", async () => {
    const late = { ...executor, capacity: fromZero(3), availabilityZones: ["us-west-2d"] };
    const { error } = await platform.apply({ ...withFourZones, nodePools: { general, executor, late } });
    expect(error).toBe("");
    const subnet = "aws_subnet.network_private-subnet-us-west-2d_";
    expect(platform.stateOf("aws_eks_node_group.pool-late_").subnet_ids).toEqual([platform.stateOf(subnet).id]);

    const { steps } = await platform.apply(small);
    expectOrder(steps, "delete aws_eks_node_group.pool-late_", `delete ${subnet}`);
    expect(steps.filter(({ action }) => action !== "delete").map(({ address }) => address)).toEqual([
      expect.stringContaining("aws_vpc_endpoint.network_endpoints_s3_"),
      expect.stringContaining("aws_vpc_endpoint.network_endpoints_s3_"),
    ]);
  });

  test("gets executors and their queues, which AWS reads back as they were written, and loses them after their roles", async () => {
    const workload = { ...dev.workload, executors: [{ size: "large", max: 3 }] } as const;
    const withQueue: Environment = { ...small, workload };
    const more = await platform.apply(withQueue);
    expect(more.error).toBe("");
    const [queue, deadLetters] = ["queue", "dead-letters"].map((name) =>
      platform.stateOf(`aws_sqs_queue.queue-large_${name}_`),
    );
    expect(queue).toMatchObject({ name: "dev-large", sqs_managed_sse_enabled: true, visibility_timeout_seconds: 60 });
    expect(JSON.parse(queue.redrive_policy)).toEqual({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 5 });
    const statements = JSON.parse(platform.stateOf("aws_iam_role_policy.executor-identity-large_").policy).Statement;
    expect(statements[0].Resource).toEqual([queue.arn]);
    expect(await platform.plan(withQueue)).toEqual([]);

    const fewer = await platform.apply(small);
    expect(fewer.error).toBe("");
    for (const policy of ["executor-identity-large_policy_", "keda-identity_policy_"]) {
      expectOrder(fewer.steps, `delete aws_iam_role_policy.${policy}`, "delete aws_sqs_queue.queue-large_queue_");
    }
    expectOrder(
      fewer.steps,
      "delete aws_sqs_queue.queue-large_queue_",
      "delete aws_sqs_queue.queue-large_dead-letters_",
    );
    expect(await platform.plan(small)).toEqual([]);
  });

  test("moves the nodes of a pool to another zone before the subnets of the old zone go", async () => {
    const moved = (zone: string) => withExecutor({ availabilityZones: [zone] }, withFourZones);
    expect((await platform.apply(moved("us-west-2d"))).error).toBe("");
    const { error, steps } = await platform.apply(small);
    expect(error).toBe("");
    const group = "aws_eks_node_group.pool-executor_";
    expectOrder(steps, `create ${group}`, `delete ${group}`);
    expectOrder(steps, `delete ${group}`, "delete aws_subnet.network_private-subnet-us-west-2d_");
  });

  test("never leaves nodes without a way out when the number of NAT gateways changes", async () => {
    const perZone: Environment = { ...small, network: { cidrBlock: "10.0.0.0/16", natGateways: "per-zone" } };
    const more = await platform.apply(perZone);
    expect(more.error).toBe("");
    const fewer = await platform.apply(small);
    expect(fewer.error).toBe("");
    // Each zone for itself: Terraform changes the route of one while the gateway of another is still being made.
    for (const zone of ["us-west-2b", "us-west-2c"]) {
      const [gateway, route] = [
        `aws_nat_gateway.network_nat-gateway-${zone}_`,
        `aws_route.network_private-route-${zone}_`,
      ];
      expectOrder(more.steps, `create ${gateway}`, `update ${route}`);
      expectOrder(fewer.steps, `update ${route}`, `delete ${gateway}`);
    }
    for (const { steps } of [more, fewer]) {
      expect(steps.filter(({ address }) => /^aws_route\./.test(address)).map(({ action }) => action)).toEqual(
        Array(4).fill("update"),
      );
    }
  });

  test("keeps the autoscaler's tags of a pool whose replacement fails, and replaces them before the nodes", async () => {
    const group = "aws_eks_node_group.pool-executor_";
    const tag = "aws_autoscaling_group_tag.pool-executor_";
    const before = platform.stateOf(group);
    const tags = await tagsOf(before);
    expect(tags.length).toBeGreaterThanOrEqual(6);

    const z9 = { vCpus: 8, memoryGiB: 16, networkInterfaces: 4, addressesPerInterface: 15 };
    const wrong = withExecutor({ instanceTypes: ["z9.2xlarge"] }, { instanceTypes: { "z9.2xlarge": z9 } });
    const failed = await platform.apply(wrong);
    expect(failed.error).toContain("The following supplied instance types do not exist: [z9.2xlarge]");
    expect(platform.stateOf(group).node_group_name).toBe(before.node_group_name);
    expect(await tagsOf(before)).toEqual(tags);

    const { error, steps } = await platform.apply(withExecutor({ instanceTypes: ["c5.2xlarge"] }));
    expect(error).toBe("");
    const after = platform.stateOf(group);
    expect(after.node_group_name).not.toBe(before.node_group_name);
    expect([await tagsOf(before), await tagsOf(after)]).toEqual([[], tags]);
    expectOrder(steps, `create ${group}`, `create ${tag}`);
    for (const { address } of steps.filter(({ action, address }) => action === "create" && address.startsWith(tag))) {
      expectOrder(steps, `create ${address}`, `delete ${address}`);
    }
    expectOrder(steps, `delete ${tag}`, `delete ${group}`);
    // The autoscaler reads the resources of a node from these, too, from the moment in which the group is there.
    expect(Object.keys(after.tags)).toEqual(tags.filter((key) => key.includes("/resources/")));
    expect((await platform.apply(small)).error).toBe("");
  });

  test("refuses a maximum below the nodes that run, or a minimum above them, before anything changes", async () => {
    await autoscaler({ desiredSize: 8 });
    const { node_group_name } = platform.stateOf("aws_eks_node_group.pool-executor_");
    const command = (sizes: string) =>
      `aws eks update-nodegroup-config --region us-west-2 --cluster-name dev-platform --nodegroup-name ${node_group_name} --scaling-config ${sizes}`;

    const lower = withExecutor({ capacity: fromZero(5) }, { tags: { CostCenter: "other" } });
    const tooLow = await platform.apply(lower);
    expect(oneLine(tooLow.error)).toContain(
      `The pool executor has 8 nodes, and EKS takes no maximum below that. Wait until the autoscaler has taken idle nodes away, or drain and end the others now: ${command("minSize=0,maxSize=5,desiredSize=5")}`,
    );
    expect(tooLow.steps).toEqual([]);
    const higher = await platform.apply(withExecutor({ capacity: dynamic(9, 10) }));
    expect(oneLine(higher.error)).toContain(
      `The pool executor has 8 nodes, and EKS takes no minimum above that. Start the others first: ${command("minSize=9,maxSize=10,desiredSize=9")}`,
    );
    expect(higher.steps).toEqual([]);

    await autoscaler({ minSize: 0, maxSize: 5, desiredSize: 5 });
    expect(await platform.apply(withExecutor({ capacity: fromZero(5) }))).toEqual({ error: "", steps: [] });
    // Upwards, and the same as now, need no help.
    expect((await platform.apply(withExecutor({ capacity: dynamic(5, 10) }))).error).toBe("");
    expect(platform.stateOf("aws_eks_node_group.pool-executor_").scaling_config).toEqual([
      { desired_size: 5, max_size: 10, min_size: 5 },
    ]);
    expect((await platform.apply(small)).error).toBe("");
  });

  test("starts the new group of a replaced pool with the nodes that the old one has, up to its maximum", async () => {
    await autoscaler({ desiredSize: 8 });
    for (const [capacity, nodes, instanceTypes] of [
      [fromZero(10), 8, ["c5.2xlarge"]],
      [fromZero(5), 5, ["c5a.2xlarge"]],
    ] as const) {
      const replaced = withExecutor({ capacity, instanceTypes });
      const sizes = await platform.keptSizes(replaced);
      expect(sizes).toEqual([expect.stringMatching(`^-var=pool-executor_initial-size_[0-9A-F]+=${nodes}$`)]);
      expect((await platform.apply(replaced, ...sizes)).error).toBe("");
      const [size] = platform.stateOf("aws_eks_node_group.pool-executor_").scaling_config;
      expect(size).toEqual({ desired_size: nodes, max_size: capacity.max, min_size: 0 });
      expect(await platform.plan(replaced)).toEqual([]);
    }
  });
});

/** Every step that begins with `first` was complete before one that begins with `second` started, and there were some of both. */
function expectOrder(steps: readonly Step[], first: string, second: string): void {
  const indexes = (type: string, prefix: string) =>
    steps.flatMap((step, index) =>
      step.type === type && `${step.action} ${step.address}`.startsWith(prefix) ? [index] : [],
    );
  const [complete, start] = [indexes("apply_complete", first), indexes("apply_start", second)];
  expect([first, complete.length > 0, second, start.length > 0]).toEqual([first, true, second, true]);
  expect(Math.max(...complete)).toBeLessThan(Math.min(...start));
}

/** Terraform breaks the lines of a long message. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** Sets numbers of the executor's group as the autoscaler and the AWS CLI do, past Terraform. */
async function autoscaler(scalingConfig: object): Promise<void> {
  const { node_group_name } = platform.stateOf("aws_eks_node_group.pool-executor_");
  const path = `/clusters/dev-platform/node-groups/${node_group_name}/update-config`;
  const body = JSON.stringify({ scalingConfig });
  await request("eks", path, { "content-type": "application/json" }, body);
}

/** Keys of the autoscaler's tags on the auto scaling group of a node group. */
async function tagsOf(group: { resources: [{ autoscaling_groups: [{ name: string }] }] }): Promise<string[]> {
  const { name } = group.resources[0].autoscaling_groups[0];
  const form = { "Filters.member.1.Name": "auto-scaling-group", "Filters.member.1.Values.member.1": name };
  const body = new URLSearchParams({ Action: "DescribeTags", ...form }).toString();
  const answer = await request("autoscaling", "/", { "content-type": "application/x-www-form-urlencoded" }, body);
  return [...answer.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key = ""]) => key).sort();
}

async function request(service: string, path: string, headers: Record<string, string>, body: string): Promise<string> {
  const authorization = `AWS4-HMAC-SHA256 Credential=imitated/20260101/us-west-2/${service}/aws4_request`;
  const answer = await fetch(`${platform.awsAddress}${path}`, {
    method: "POST",
    headers: { ...headers, authorization },
    body,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text;
}
