import { queueLengthStatements, WorkQueue, type WorkQueueProps } from "../../../constructs/queue/work-queue.ts";
import { TerraformData } from "../../../constructs/support/terraform-data.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const queues: WorkQueue[] = [];
const make = (props: WorkQueueProps = { name: "dev-large" }) =>
  synthesize((stack) => {
    const queue = new WorkQueue(stack, "work", props);
    new TerraformData(stack, "executors", { dependsOn: [...queue.dependables] });
    queues.push(queue);
  });
const made = make();
const [queue] = queues as [WorkQueue];
const address = made.address("aws_sqs_queue", "work_queue");
const deadLetters = made.address("aws_sqs_queue", "work_dead-letters");

describe("a work queue", () => {
  test("keeps messages for four days, and gives those that five receivers have lost to its own dead-letter queue", () => {
    const { redrive_policy, ...main } = made.one("aws_sqs_queue", "work_queue");
    expect(main).toMatchObject({
      name: "dev-large",
      message_retention_seconds: 4 * 24 * 60 * 60,
      visibility_timeout_seconds: 60,
      receive_wait_time_seconds: 20,
      sqs_managed_sse_enabled: true,
    });
    expect(JSON.parse(redrive_policy)).toEqual({ deadLetterTargetArn: `\${${deadLetters}.arn}`, maxReceiveCount: 5 });
    expect(main).not.toHaveProperty("kms_master_key_id");
    // Without FIFO: any number of messages in any order.
    expect(main).not.toHaveProperty("fifo_queue");
  });

  test("keeps dead letters as long as SQS can, counted from when they were first sent", () => {
    expect(made.one("aws_sqs_queue", "work_dead-letters")).toMatchObject({
      name: "dev-large-dead-letter",
      message_retention_seconds: 14 * 24 * 60 * 60,
      sqs_managed_sse_enabled: true,
    });
  });

  test("is the only one whose messages may go to its dead-letter queue, and come back from there", () => {
    const { queue_url, redrive_allow_policy } = made.one("aws_sqs_queue_redrive_allow_policy");
    expect(queue_url).toBe(`\${${deadLetters}.url}`);
    expect(JSON.parse(redrive_allow_policy)).toEqual({
      redrivePermission: "byQueue",
      sourceQueueArns: [`\${${address}.arn}`],
    });
  });

  test.each([
    ["work_policy", address],
    ["work_dead-letters-policy", deadLetters],
  ])("takes requests over TLS only: %s", (policy, of) => {
    const { queue_url, policy: text } = made.one("aws_sqs_queue_policy", policy);
    expect(queue_url).toBe(`\${${of}.url}`);
    expect(JSON.parse(text).Statement).toEqual([
      {
        Sid: "DenyWithoutTls",
        Effect: "Deny",
        Principal: "*",
        Action: "sqs:*",
        Resource: `\${${of}.arn}`,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
  });

  test("lets executors work on messages, and an autoscaler count them: neither may do more", () => {
    const statement = (sid: string, ...actions: string[]) => [
      { sid, effect: "Allow", actions: actions.map((action) => `sqs:${action}`), resources: [queue.queueArn] },
    ];
    expect(queue.workStatements()).toEqual(
      statement(
        "WorkOnMessages",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "SendMessage",
        "GetQueueAttributes",
      ),
    );
    expect(queueLengthStatements([queue])).toEqual(statement("CountMessages", "GetQueueAttributes"));
  });

  test("names everything that must outlive its executors", () => {
    expect(made.one("terraform_data").depends_on.sort()).toEqual(
      made.addresses.filter((one) => one.startsWith("aws_sqs_")),
    );
  });

  test.each(["", "a b", "a".repeat(69), "queue.fifo", "a/b"])("is refused with the name %p", (name) => {
    expect(messageOf(() => make({ name }))).toBe(
      `work queue ${JSON.stringify(name)} has 1 problem:\n  - name must be at most 68 letters, digits, hyphens and underscores, got ${JSON.stringify(name)}: use for example "dev-large"`,
    );
  });

  test("has a name of up to 68 characters, so that its dead-letter queue has one of 80", () => {
    const longest = make({ name: "a".repeat(68) });
    expect(longest.one("aws_sqs_queue", "work_dead-letters").name).toHaveLength(80);
  });
});
