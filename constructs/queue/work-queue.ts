import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy";
import { SqsQueueRedriveAllowPolicy } from "@cdktf/provider-aws/lib/sqs-queue-redrive-allow-policy";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type PolicyStatement, tlsOnly } from "../support/iam-policy.ts";
import { type Problem, show, throwIfAny, within } from "../support/problems.ts";

const day = 24 * 60 * 60;
/** The end of the name of a dead-letter queue. */
const deadLetter = "-dead-letter";
/** The longest name of a queue, its dead-letter queue included. SQS allows 80 characters. */
const longestName = 80 - deadLetter.length;

/** A queue and its name. */
export interface WorkQueueProps {
  /** Name of the queue, for example `dev-large`: letters, digits, hyphens and underscores, at most 68. */
  readonly name: string;
}

/**
 * A queue of messages for executors, and one for messages that nobody could work on. The messages say which parameters are to be worked on
 * next, and hold no secret; the bucket alone knows what is done, so that a lost queue loses no result.
 *
 * Both queues are encrypted with keys of SQS, which cost nothing. With a key of KMS, each sender and executor would need permission for the
 * key, and each of their requests would cost another one of KMS.
 */
export class WorkQueue extends Construct {
  /** The underlying `aws_sqs_queue`, for settings without an option here. */
  readonly resource: SqsQueue;
  /** The underlying `aws_sqs_queue` of the dead letters. */
  readonly deadLetterResource: SqsQueue;
  /** Address of the queue, for those who send and receive. */
  readonly queueUrl: string;
  /** Address of the queue of dead letters. */
  readonly deadLetterQueueUrl: string;
  /** ARN of the queue, for policies. */
  readonly queueArn: string;
  /** ARN of the queue of dead letters, for policies. */
  readonly deadLetterQueueArn: string;
  /** The queues and their policies. */
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError for a name that SQS would refuse. */
  constructor(scope: Construct, id: string, { name }: WorkQueueProps) {
    super(scope, id);
    throwIfAny(`work queue ${show(name)}`, within(["name"], nameProblems(name)));
    const common = { sqsManagedSseEnabled: true, receiveWaitTimeSeconds: 20 };
    const deadLetters = new SqsQueue(this, "dead-letters", {
      name: `${name}${deadLetter}`,
      // SQS counts from when a message was first sent, also after it has moved here: the longest that it allows leaves ten days to look.
      messageRetentionSeconds: 14 * day,
      ...common,
    });
    const queue = new SqsQueue(this, "queue", {
      name,
      messageRetentionSeconds: 4 * day,
      // Executors ask for the same with each message. This one holds for people who look at messages in the console.
      visibilityTimeoutSeconds: 60,
      redrivePolicy: JSON.stringify({
        deadLetterTargetArn: deadLetters.arn,
        // An executor sends what it hands back as a new message, so that a receive is counted only where one has died. A range whose
        // holders die is divided, and its deadly parameter is recorded as failed, before the fifth: those that arrive are no messages of
        // a run.
        maxReceiveCount: 5,
      }),
      ...common,
    });
    this.resource = queue;
    this.deadLetterResource = deadLetters;
    this.queueUrl = queue.url;
    this.deadLetterQueueUrl = deadLetters.url;
    this.queueArn = queue.arn;
    this.deadLetterQueueArn = deadLetters.arn;
    this.dependables = [
      queue,
      deadLetters,
      // Otherwise any queue of the account could drop its messages here, and somebody would send them into this one.
      new SqsQueueRedriveAllowPolicy(this, "redrive-allow-policy", {
        queueUrl: deadLetters.url,
        redriveAllowPolicy: JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: [queue.arn] }),
      }),
      ...[queue, deadLetters].map(
        (one) =>
          new SqsQueuePolicy(this, one === queue ? "policy" : "dead-letters-policy", {
            queueUrl: one.url,
            policy: tlsOnly("sqs", one.arn),
          }),
      ),
    ];
  }

  /** Permissions of executors: they receive messages, keep them while they work, send back what is left, and delete them. */
  workStatements(): PolicyStatement[] {
    return [
      {
        sid: "WorkOnMessages",
        effect: "Allow",
        actions: [
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage",
          "sqs:ChangeMessageVisibility",
          "sqs:SendMessage",
          "sqs:GetQueueAttributes",
        ],
        resources: [this.queueArn],
      },
    ];
  }
}

/** Permission of an autoscaler to count the messages of queues, and to do nothing else with them. */
export function queueLengthStatements(queues: readonly WorkQueue[]): PolicyStatement[] {
  const resources = queues.map(({ queueArn }) => queueArn);
  return [{ sid: "CountMessages", effect: "Allow", actions: ["sqs:GetQueueAttributes"], resources }];
}

/**
 * Permissions of those who submit and resume runs: they send messages, count those that wait, and delete the dead letters of a run that
 * they send again.
 */
export function submitStatements(queues: readonly WorkQueue[]): PolicyStatement[] {
  return [
    {
      sid: "SendMessages",
      effect: "Allow",
      actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"],
      resources: queues.map(({ queueArn }) => queueArn),
    },
    {
      sid: "DeleteDeadLetters",
      effect: "Allow",
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
      resources: queues.map(({ deadLetterQueueArn }) => deadLetterQueueArn),
    },
  ];
}

function nameProblems(name: string): Problem[] {
  if (/^[\w-]+$/.test(name) && name.length <= longestName) return [];
  const allowed = `at most ${longestName} letters, digits, hyphens and underscores`;
  return [{ path: [], allowed, got: show(name), fix: 'use for example "dev-large"' }];
}
