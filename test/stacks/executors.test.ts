import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dev } from "../../environments.ts";
import { DestroyOrder } from "../support/destroy-order.ts";
import { devWithExecutors, devWithExecutorsAnd } from "../support/executors.ts";
import { resolved } from "../support/fixtures.ts";
import type { ResourceJson, Synthesized } from "../support/synthesized.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const made = synthesizeEnvironment(devWithExecutors);
const { platform, addons, image, workload } = made;
const without = synthesizeEnvironment(dev);
const parts = ["platform", "addons", "image", "workload"] as const;
const sizes = ["large", "small"] as const;

/** Addresses that executors add to a stack. */
function added(part: (typeof parts)[number]): string[] {
  return made[part].addresses.filter((address) => !without[part].addresses.includes(address));
}

const statementsOf = (policy: ResourceJson): ResourceJson[] => JSON.parse(policy.policy).Statement;

describe("an environment with executors", () => {
  test("has exactly the pinned addresses beside those of the same environment without", () => {
    const pinned = readFileSync(join(__dirname, "addresses", "dev-executors.txt"), "utf8");
    const all = parts.flatMap((part) => added(part).map((address) => `dev-${part} ${address}`));
    expect(`${all.join("\n")}\n`).toBe(pinned);
    for (const part of parts) {
      expect(without[part].addresses.filter((address) => !made[part].addresses.includes(address))).toEqual([]);
    }
  });

  test("is the same as one without where the list is empty, and then has nothing of SQS or KEDA", () => {
    const workloadOf = { ...dev.workload, executors: [] };
    expect(resolved({ ...dev, workload: workloadOf })).toEqual(resolved(dev));
    expect(without.workload.json.output).not.toHaveProperty("executors");
    for (const part of parts) expect(JSON.stringify(without[part].json)).not.toMatch(/sqs|keda|executor-scaling/i);
  });

  test("keeps the provider of Helm when it loses its executors, so that Terraform can remove their releases", () => {
    expect(without.workload.json.provider?.helm).toEqual(workload.json.provider?.helm);
    expect(without.workload.json.provider?.helm).toHaveLength(1);
  });

  test("puts out what the tools need for a run", () => {
    const { value } = workload.json.output?.executors ?? {};
    expect(Object.keys(value)).toEqual(["large", "small"]);
    expect(value.large).toEqual({
      queueUrl: expect.stringMatching(/^\$\{[^}]*aws_sqs_queuequeue-large_queue_\w+url\}$/),
      deadLetterQueueUrl: expect.stringMatching(/^\$\{[^}]*aws_sqs_queuequeue-large_dead-letters_\w+url\}$/),
      resultsRoot: expect.stringMatching(/^s3:\/\/\$\{[^}]*aws_s3_bucketresults_bucket_\w+bucket\}\/runs\/queue$/),
      slots: 2,
      max: 18,
    });
    expect(value.small).toMatchObject({ slots: 1, max: 3 });
    // The executors write where the tools look for it.
    expect(workload.one("kubernetes_config_map_v1", "executor-large").data).toMatchObject({
      QUEUE_URL: value.large.queueUrl,
      RESULTS_ROOT: value.large.resultsRoot,
    });
  });

  test("reads of the platform what the platform puts out, in all stacks", () => {
    const exported = Object.keys(platform.json.output ?? {});
    for (const stack of [addons, image, workload]) {
      for (const [, output] of JSON.stringify(stack.json).matchAll(/dev-platform\.outputs\.([\w-]+)/g)) {
        expect(exported).toContain(output);
      }
    }
  });

  test.each(sizes)(
    "gives %s executors an identity that works on their queue and writes below runs/queue only",
    (size) => {
      const queue = platform.address("aws_sqs_queue", `queue-${size}_queue`);
      const bucket = platform.address("aws_s3_bucket", "results");
      const statements = statementsOf(platform.one("aws_iam_role_policy", `executor-identity-${size}`));
      expect(statements.map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
        [
          [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:SendMessage",
            "sqs:GetQueueAttributes",
          ],
          [`\${${queue}.arn}`],
          undefined,
        ],
        [
          ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
          [`\${${bucket}.arn}/runs/queue/*`],
          undefined,
        ],
        [["s3:ListBucket"], [`\${${bucket}.arn}`], { StringLike: { "s3:prefix": "runs/queue/*" } }],
      ]);
      const { spec, metadata } = workload.one("kubernetes_deployment_v1", `executor-${size}`);
      expect(platform.one("aws_eks_pod_identity_association", `executor-identity-${size}`)).toMatchObject({
        namespace: metadata.namespace,
        service_account: spec.template.spec.service_account_name,
      });
      const account = workload.one("kubernetes_service_account_v1", `namespace_service-account-executor-${size}`);
      expect(account).toMatchObject({
        metadata: { name: spec.template.spec.service_account_name },
        automount_service_account_token: false,
      });
      const trust = JSON.parse(platform.one("aws_iam_role", `executor-identity-${size}`).assume_role_policy);
      expect(trust.Statement[0].Condition.StringEquals).toMatchObject({
        "aws:SourceAccount": "111122223333",
        "aws:RequestTag/kubernetes-namespace": "sweep",
        "aws:RequestTag/kubernetes-service-account": `executor-${size}`,
      });
    },
  );

  test("lets KEDA count the messages of its queues, and no workers touch a queue", () => {
    const queues = sizes.map((size) => `\${${platform.address("aws_sqs_queue", `queue-${size}_queue`)}.arn}`);
    expect(statementsOf(platform.one("aws_iam_role_policy", "keda-identity"))).toEqual([
      { Sid: "CountMessages", Effect: "Allow", Action: ["sqs:GetQueueAttributes"], Resource: queues },
    ]);
    const { identity, release } = {
      identity: platform.one("aws_eks_pod_identity_association", "keda-identity"),
      release: addons.one("helm_release", "keda"),
    };
    expect(identity).toMatchObject({
      namespace: release.namespace,
      service_account: JSON.parse(release.values[0]).serviceAccount.operator.name,
    });
    expect(platform.one("aws_iam_role_policy", "worker-identity").policy).not.toContain("sqs:");
  });

  test("lets the network policy of workers hold for executors", () => {
    const { match_labels } = workload.one("kubernetes_network_policy_v1", "namespace_allow-workers").spec.pod_selector;
    for (const { spec } of workload.all("kubernetes_deployment_v1")) {
      expect(spec.template.metadata.labels).toMatchObject(match_labels);
    }
  });

  test("publishes an image with a tag for jobs and one for executors, and needs no job for it", () => {
    const imageOf = (stack: Synthesized) =>
      stack.one("kubernetes_deployment_v1", "executor-large").spec.template.spec.container[0].image;
    const [job] = workload.one("kubernetes_job_v1").spec.template.spec.container;
    expect(image.one("terraform_data").triggers_replace.references).toEqual([job.image, imageOf(workload)].sort());
    const alone = synthesizeEnvironment(devWithExecutorsAnd({ jobs: [] }));
    expect(alone.image.one("terraform_data").triggers_replace.references).toEqual([imageOf(alone.workload)]);
    expect(alone.workload.all("kubernetes_deployment_v1")).toHaveLength(2);
    // Executors whose machine has died before they started wait as pods of jobs do.
    expect(alone.workload.all("kubernetes_cron_job_v1")).toHaveLength(1);
    const elsewhere = synthesizeEnvironment(devWithExecutorsAnd({ image: "ghcr.io/a/b:1.4.0" }));
    expect(imageOf(elsewhere.workload)).toBe("ghcr.io/a/b:1.4.0");
  });

  test("looks into no secret and names no path of this machine", () => {
    for (const part of parts) {
      const text = JSON.stringify(made[part].json);
      expect(text).not.toContain(process.cwd());
      expect(text).not.toMatch(/AKIA|secret_key|access_key|password|PRIVATE KEY|kubernetes_secret/);
    }
  });
});

describe("destroying an environment with executors", () => {
  const order = new DestroyOrder(workload);

  test("takes the workload away while KEDA still runs, and KEDA while its identity exists", () => {
    expect(workload.dependencies).toContain("dev-addons");
    expect(addons.dependencies).toContain("dev-platform");
  });

  test.each(sizes)(
    "ends the autoscaling of %s executors before the executors, and these before all that they need",
    (size) => {
      const release = workload.address("helm_release", `executor-${size}`);
      const deployment = workload.address("kubernetes_deployment_v1", `executor-${size}`);
      expect(order.destroysBefore(release, deployment)).toBe(true);
      expect(workload.one("helm_release", `executor-${size}`).wait).toBe(true);
      const needed = [
        workload.address("kubernetes_namespace_v1"),
        workload.address("kubernetes_service_account_v1", `namespace_service-account-executor-${size}`),
        workload.address("kubernetes_config_map_v1", `executor-${size}`),
        ...workload.addresses.filter((address) => address.startsWith("kubernetes_network_policy_v1.namespace_")),
      ];
      expect(needed.filter((address) => !order.destroysBefore(deployment, address))).toEqual([]);
    },
  );

  test("refuses to begin while it is protected", () => {
    for (const part of ["platform", "addons", "workload"] as const) {
      const guard = made[part].resources.get("terraform_data.deletion-protection");
      expect(guard?.depends_on).toEqual(expect.arrayContaining(added(part)));
    }
  });
});
