import type { ExitCode } from "../contract/errors.ts";
import { countNoun } from "../contract/format.ts";
import { type Problem, throwIfWrong } from "../contract/problems.ts";
import { DEAD_LETTER_LEASE_SECONDS, lookForDeadLetters } from "../engine/dead-letters.ts";
import { reopenSubmission } from "../engine/submit.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { storeOptions } from "./options.ts";
import { askAll, openQueue, queueQuestion, RunToFind } from "./queue-reach.ts";
import { carryOut } from "./submission.ts";
import { problemsOfQueueUrl, problemsOfRunUrl, type QueueArguments, sizesOf } from "./submit-options.ts";

/** `sweep resume`: submits a run again from what the bucket has of it, also one that was cancelled or has failed. */
export async function resumeCommand(url: string, options: QueueArguments): Promise<ExitCode> {
  const problems: Problem[] = [
    ...problemsOfRunUrl(url),
    ...problemsOfQueueUrl("--queue", options.queue),
    ...problemsOfQueueUrl("--dead-letter-queue", options.deadLetterQueue, true),
  ];
  const sizes = sizesOf(options, problems);
  throwIfWrong(problems);
  const queue = await openQueue(options.queue as string);
  const { deadLetterQueue } = options;
  const dead = deadLetterQueue === undefined ? undefined : await openQueue(deadLetterQueue, DEAD_LETTER_LEASE_SECONDS);
  const found = new RunToFind(url);
  await askAll([
    found.question,
    queueQuestion("--queue", queue),
    ...(dead === undefined ? [] : [queueQuestion("--dead-letter-queue", dead)]),
  ]);
  const submission = await reopenSubmission(found.url, storeOptions());
  if (dead !== undefined) await deleteDeadLetters(dead, submission.name);
  return carryOut(submission, queue, sizes, { wait: options.wait ?? false, again: true });
}

/** The messages are sent again, from what the bucket says. */
async function deleteDeadLetters(queue: MessageQueue, run: string): Promise<void> {
  const { ofRun } = await lookForDeadLetters(queue, run);
  for (const { delivery } of ofRun) await queue.delete(delivery);
  if (ofRun.length > 0)
    process.stdout.write(`Deleted: ${countNoun(ofRun.length, "message")} of ${run} from ${queue.url}\n`);
}
