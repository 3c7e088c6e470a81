import { prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { finding, findings, mine, own, programs, useHealthyAccount } from "../support/doctor.ts";

useHealthyAccount();

const withExecutors = (executors: Environment["workload"]["executors"]) =>
  mine(prod, { workload: { ...prod.workload, executors } });
const large = withExecutors([{ size: "large" }]);
const context = `arn:aws:eks:us-west-2:${own}:cluster/prod-platform`;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}
const ready: Condition = { type: "Ready", status: "True" };
/** kubectl, which knows one cluster and answers as KEDA's ScaledObjects do. */
const scaled = (conditions: readonly Condition[], name = "executor-large") =>
  programs.install(
    "kubectl",
    `test "$*" = "--context ${context} --namespace sweep get scaledobjects --output json --request-timeout 5s" || exit 3
     echo '${JSON.stringify({ items: [{ metadata: { name }, status: { conditions } }] })}'`,
  );
const kubectlSays = (text: string) => programs.install("kubectl", `echo '${text}' >&2; exit 1`);
const quota = (value: number) =>
  programs.answer("service-quotas-get-service-quota", { json: { Quota: { QuotaCode: "L-34B43A08", Value: value } } });
const counts = (waiting: number, inWork: number) =>
  programs.answer("sqs-get-queue-attributes", {
    json: {
      Attributes: {
        ApproximateNumberOfMessages: String(waiting),
        ApproximateNumberOfMessagesNotVisible: String(inWork),
      },
    },
  });

test("nothing is asked about executors in an environment without them", async () => {
  const names = (await findings(mine(prod))).map(({ name }) => name);
  expect(names.filter((name) => /quota|queue|KEDA/.test(name))).toEqual([]);
});

test("finds nothing wrong where everything is deployed and allowed", async () => {
  quota(640);
  counts(0, 0);
  scaled([ready, { type: "Active", status: "False" }, { type: "Paused", status: "False" }]);
  const all = await findings(large);
  expect(all.slice(-3)).toEqual([
    {
      name: "quota of spot",
      status: "ok",
      found: "640 vCPUs (L-34B43A08); all executors need 144 vCPUs: 9 c5.4xlarge for 50 executors of large",
    },
    { name: "queue, large", status: "ok", found: "prod-large: 0 messages waiting, 0 in work" },
    { name: "KEDA", status: "ok", found: "executor-large: ready" },
  ]);
});

test("the image is needed by executors without a job, too", async () => {
  programs.remove("docker");
  const workload = { ...prod.workload, jobs: [] };
  expect(await finding("Docker", mine(prod, { workload }))).toMatchObject({ status: "not checked" });
  const executors = [{ size: "large" } as const];
  expect(await finding("Docker", mine(prod, { workload: { ...workload, executors } }))).toMatchObject({
    status: "problem",
  });
});

describe("the quota", () => {
  test("that is too small for the machines of all executors is a warning, with the command that raises it", async () => {
    quota(128);
    expect(await finding("quota of spot", large)).toMatchObject({
      status: "warning",
      found: "128 vCPUs (L-34B43A08)",
      needed: "144 vCPUs: 9 c5.4xlarge for 50 executors of large; without them executors stay pending",
      fix: "aws service-quotas request-service-quota-increase --region us-west-2 --service-code ec2 --quota-code L-34B43A08 --desired-value 144",
    });
  });

  test("counts the machines of all sizes together, and those of another purchase or with GPUs apart", async () => {
    quota(1);
    const all = await findings(
      withExecutors([
        { size: "large" },
        { size: "small", max: 4, cpuRequestMillis: 1500, memoryRequestMiB: 3072 },
        { size: "gpu" },
      ]),
    );
    expect(all.filter(({ name }) => name.startsWith("quota")).map(({ name, needed }) => [name, needed])).toEqual([
      [
        "quota of spot",
        "152 vCPUs: 9 c5.4xlarge for 50 executors of large, 4 t3.large for 4 executors of small; without them executors stay pending",
      ],
      ["quota on demand", "20 vCPUs: 5 g4dn.xlarge for 5 executors of gpu; without them executors stay pending"],
    ]);
  });

  test("that may not be read is not checked, because a deploy does not need it", async () => {
    expect(await finding("quota of spot", large)).toMatchObject({
      status: "not checked",
      found: expect.stringContaining("AccessDeniedException"),
    });
  });
});

describe("a queue", () => {
  test("that is not deployed yet is no problem", async () => {
    const error =
      "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueAttributes operation: The specified queue does not exist.";
    programs.answer("sqs-get-queue-attributes", { error });
    expect(await finding("queue, large", large)).toEqual({
      name: "queue, large",
      status: "ok",
      found: "prod-large is not deployed yet",
    });
  });

  test("that the caller may not use, or cannot reach, is a warning about submitting", async () => {
    expect(await finding("queue, large", large)).toMatchObject({
      status: "warning",
      needed: "a queue that this machine reaches, to submit runs",
      fix: "let your role use the queue prod-large: sqs:GetQueueAttributes and sqs:SendMessage",
    });
    programs.answer("sqs-get-queue-attributes", {
      error: 'Could not connect to the endpoint URL: "https://sqs.us-west-2.amazonaws.com/"',
    });
    expect(await finding("queue, large", large)).toMatchObject({ fix: expect.stringContaining("HTTPS_PROXY") });
  });

  test("with dead letters is a warning, with the commands that name them and send them again", async () => {
    programs.install(
      "aws",
      `case "$*" in
         *"get-queue-attributes --queue-url https://sqs.us-west-2.amazonaws.com/${own}/prod-large-dead-letter "*) waiting=2 ;;
         *"get-queue-attributes --queue-url https://sqs.us-west-2.amazonaws.com/${own}/prod-large "*) waiting=7 ;;
         *get-caller-identity*) echo '{"Account":"${own}","Arn":"arn:aws:iam::${own}:user/me"}'; exit ;;
         *) exit 254 ;;
       esac
       echo '{"Attributes":{"ApproximateNumberOfMessages":"'$waiting'","ApproximateNumberOfMessagesNotVisible":"1"}}'`,
    );
    expect(await finding("queue, large", large)).toMatchObject({
      status: "warning",
      found: "prod-large: 7 messages waiting, 1 in work; 3 dead letters",
      fix: "npm run submit -- status <run> --environment prod --size large, then the same with resume (docs/queue.md)",
    });
  });
});

describe("KEDA", () => {
  test.each<[string, readonly Condition[], object]>([
    [
      "cannot read the queue",
      [{ type: "Ready", status: "False", message: "AccessDenied: not authorized to perform: sqs:GetQueueAttributes" }],
      {
        found: "executor-large is not ready: AccessDenied: not authorized to perform: sqs:GetQueueAttributes",
        fix: "kubectl --namespace kube-system logs deployment/keda-operator --tail 20 (docs/queue.md)",
      },
    ],
    [
      "is paused by somebody",
      [ready, { type: "Paused", status: "True" }],
      {
        found: "executor-large is paused",
        fix: "kubectl --namespace sweep annotate scaledobject executor-large autoscaling.keda.sh/paused- autoscaling.keda.sh/paused-replicas-",
      },
    ],
    [
      "has not looked at the executors yet",
      [],
      { found: "there is no state of executor-large", fix: "npm run deploy -- prod" },
    ],
  ])("that %s is a warning", async (_, conditions, expected) => {
    scaled(conditions);
    expect(await finding("KEDA", large)).toMatchObject({ status: "warning", ...expected });
  });

  test("without the executors of a size is a warning", async () => {
    scaled([ready], "executor-small");
    expect(await finding("KEDA", large)).toMatchObject({ found: "there is no state of executor-large" });
  });

  // kubectl's own words.
  test.each([
    [`error: context "${context}" does not exist`, "aws eks update-kubeconfig --region us-west-2 --name prod-platform"],
    [
      `error: the server doesn"t have a resource type "scaledobjects"`.replace('n"t', "n'\\''t"),
      "the cluster has no KEDA yet",
    ],
    ["Unable to connect to the server: dial tcp: i/o timeout", "kubectl: Unable to connect to the server"],
  ])("is not checked where kubectl says %j", async (text, found) => {
    kubectlSays(text);
    expect(await finding("KEDA", large)).toMatchObject({
      status: "not checked",
      found: expect.stringContaining(found),
    });
  });

  test("is not checked without kubectl", async () => {
    expect(await finding("KEDA", large)).toMatchObject({
      status: "not checked",
      found: "kubectl: not on PATH, and only this check needs it",
    });
  });
});
