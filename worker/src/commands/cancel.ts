import { throwIfWrong } from "../contract/problems.ts";
import { describeStop } from "../engine/waiting.ts";
import { askAll, RunToFind, resumeCommandOf } from "./queue-reach.ts";
import { problemsOfRunUrl } from "./submit-options.ts";

/** `sweep cancel`: lets executors delete the messages of a run. Committed results stay. */
export async function cancelCommand(url: string, { reason }: { readonly reason: string }): Promise<void> {
  throwIfWrong(problemsOfRunUrl(url));
  const found = new RunToFind(url);
  await askAll([found.question]);
  const { run, file } = found;
  if (file.stop !== undefined) return print(`${found.url}: already ${describeStop(file.stop)}`);
  const { identity, committed } = await run.store.progress();
  if (committed >= identity.totalParameters) return print(`${found.url} is complete: there is nothing to cancel`);
  await run.stop("cancelled", reason);
  print(`Cancelled ${found.url}: executors end the part in work, commit it, and delete the messages of the run.`);
  print(`${resumeCommandOf(found.url, undefined)} goes on with it.`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
