import { Command } from "commander";
import { addOptions, RUN_OPTIONS } from "./commands/options.ts";
import { PermanentError, SweepError } from "./contract/errors.ts";

/** Each command loads what it needs when it runs: starting a worker must not wait for a Parquet writer. */
const program = new Command("sweep")
  .description("Evaluate a function for every parameter from 0 to a total, each exactly once.")
  .showHelpAfterError("(run with --help for the options)")
  .addHelpText(
    "after",
    `
Exit codes: 0 done; 1 wrong usage, or the replayed evaluation failed; 42 another attempt would fail the same way,
or no parameter has a result; 75 try again (for example, the disk was full); 130 stopped by Ctrl-C and 143 by SIGTERM, with everything finished committed.`,
  );

const run = program
  .command("run")
  .description("run an evaluation on this machine; started again, it resumes")
  .argument("[evaluation]", "path of a module, or collatz or prime (default: collatz, env: EVALUATION)")
  .action(async (evaluation: string | undefined) => {
    const { runCommand } = await import("./commands/run.ts");
    process.exitCode = await runCommand(evaluation, run);
    process.exit();
  });
addOptions(run, RUN_OPTIONS);

program
  .command("worker")
  .description("compute one share; configured by environment variables, as in a pod")
  .addHelpText("after", "\nThe variables are those of `sweep run --help`, and WORKER_ID or JOB_COMPLETION_INDEX.")
  .action(async () => {
    const { workerCommand } = await import("./commands/worker.ts");
    process.exit(await workerCommand());
  });

program
  .command("verify")
  .description("prove that results are complete and undamaged, and write receipt.json")
  .argument("<results>", "a directory, file:<directory> or s3://<bucket>/<prefix>")
  .option("--download <directory>", "keep what is downloaded from a bucket here")
  .action(async (results: string, options) => {
    const { verifyCommand } = await import("./commands/verify.ts");
    await verifyCommand(results, options);
  });

program
  .command("export")
  .description("write verified results as one table")
  .argument("<results>", "a directory, file:<directory> or s3://<bucket>/<prefix>")
  .option("--format <format>", "parquet, csv or jsonl", "parquet")
  .option("--output <file>", "where to; - is standard output (default: results.<format>)")
  .action(async (results: string, options) => {
    const { exportCommand } = await import("./commands/export.ts");
    await exportCommand(results, options);
  });

program
  .command("status")
  .description("count the parameters that are present, failed and remaining")
  .argument("<results>", "a directory, file:<directory> or s3://<bucket>/<prefix>")
  .option("--json", "as one line of JSON")
  .action(async (results: string, options) => {
    const { statusCommand } = await import("./commands/status.ts");
    await statusCommand(results, options);
  });

const replay = program
  .command("replay")
  .description("evaluate one parameter in the foreground and print its result, or its stack")
  .argument("<parameter>", "a whole number")
  .argument("[evaluation]", "path of a module, or collatz or prime (default: the one of --results)")
  .action(async (parameter: string, evaluation: string | undefined) => {
    const { replayCommand } = await import("./commands/replay.ts");
    process.exit(await replayCommand(parameter, evaluation, replay));
  });
addOptions(replay, ["resultsUrl", "seed", "evaluationCommand", "resultColumns"]);

program
  .command("plan")
  .description("measure an evaluation here, and predict what the whole sweep takes and costs (in the repository)")
  .allowUnknownOption()
  .argument("[arguments...]")
  .action(() => {
    throw new PermanentError("plan: needs the repository, whose environments and prices it reads; run it there");
  });

program
  .command("bundle")
  .description("write an evaluation and all it imports as one file, for an image")
  .argument("<evaluation>", "path of a module, or collatz or prime")
  .option("--output <file>", "where to (default: <name>.mjs)")
  .action(async (evaluation: string, options) => {
    const { bundleCommand } = await import("./commands/bundle.ts");
    await bundleCommand(evaluation, options);
  });

// The reader of a pipe has seen enough (head, less): that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit();
  if (!(error instanceof SweepError)) throw error;
  for (const line of error.message.split("\n")) process.stderr.write(`error: ${line}\n`);
  process.exit(error.exitCode);
}
