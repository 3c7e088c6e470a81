import { Command, Option } from "commander";
import packageFile from "../package.json" with { type: "json" };
import { addOptions, RUN_OPTIONS } from "./commands/options.ts";
import {
  addDeadLetterOption,
  addExecutorOptions,
  addNameOption,
  addQueueOption,
  addResultsRootOption,
  addSubmissionOptions,
  SUBMIT_SETTINGS,
} from "./commands/submit-options.ts";
import { variableName } from "./contract/environment-variables.ts";
import { EXIT_CODE, EXIT_CODE_MEANINGS, PermanentError, SweepError } from "./contract/errors.ts";
import { EXECUTOR_SETTING_NAMES } from "./contract/executor-settings.ts";

const exitCodes = Object.entries(EXIT_CODE_MEANINGS).map(
  ([name, meaning]) => `  ${String(EXIT_CODE[name as keyof typeof EXIT_CODE]).padEnd(4)} ${meaning}`,
);

// Each command loads its own modules when it runs, so that a worker does not wait for a Parquet writer.
export const program = new Command("sweep")
  .description("Evaluate a function for every parameter from 0 to a total, each exactly once.")
  .version(packageFile.version, "--version", "print the version")
  .showHelpAfterError("(run with --help for the options)")
  .addHelpText("after", `\nExit codes:\n${exitCodes.join("\n")}`);

const run = program
  .command("run")
  .description("run an evaluation on this machine, or resume it")
  .argument("[evaluation]", "path of a module, or collatz, pi or prime (default: collatz, env: EVALUATION)")
  .action(async (evaluation: string | undefined) => {
    const { runCommand } = await import("./commands/run.ts");
    process.exitCode = await runCommand(evaluation, run);
    process.exit();
  });
addOptions(run, RUN_OPTIONS);
run.addHelpText("after", "Paths begin in the folder where the command is started, and so does ./results.");

program
  .command("worker")
  .description("compute one share, with environment variables as settings, as in a pod")
  .addHelpText(
    "after",
    "\nIt reads the variables that `sweep run --help` names, and WORKER_ID or JOB_COMPLETION_INDEX.",
  )
  .addOption(new Option("--led", "take ranges from the `sweep run` that has started it").hideHelp())
  .action(async (options) => {
    const { workerCommand } = await import("./commands/worker.ts");
    process.exit(await workerCommand(options));
  });

program
  .command("executor")
  .description("work on the messages of a queue, with environment variables as settings, as in a pod")
  .addHelpText(
    "after",
    `\nIt reads ${EXECUTOR_SETTING_NAMES.map(variableName).join(", ")}. The settings of a run come with it (sweep submit).`,
  )
  .action(async () => {
    const { executorCommand } = await import("./commands/executor.ts");
    process.exit(await executorCommand());
  });

program
  .command("verify")
  .description("prove that results are complete and undamaged, and write receipt.json")
  .argument("<results>", "a directory, file:<directory> or s3://<bucket>/<prefix>")
  .option("--download <directory>", "keep what a bucket holds as files here (default: read it, and keep nothing)")
  .option("--full", "read everything, even if no file has changed since an earlier receipt")
  .action(async (results: string, options) => {
    const { verifyCommand } = await import("./commands/verify.ts");
    await verifyCommand(results, options);
  });

program
  .command("export")
  .description("write verified results as one table")
  .argument("<results>", "a directory, file:<directory> or s3://<bucket>/<prefix>")
  .option("--format <format>", "parquet, csv or jsonl (default: that of the file's name, or parquet)")
  .option("--output <file>", "file to write, for example out.csv; - is standard output (default: results.<format>)")
  .option("--force", "replace the file if it is there")
  .action(async (results: string, options) => {
    const { exportCommand } = await import("./commands/export.ts");
    await exportCommand(results, options);
  });

const status = program
  .command("status")
  .description("count the present, failed and remaining parameters, and the messages of a queue")
  .argument("<results>", "a directory, file:<directory> or s3://<bucket>/<prefix>")
  .option("--json", "print one line of JSON")
  .action(async (results: string, options) => {
    const { statusCommand } = await import("./commands/status.ts");
    await statusCommand(results, options);
  });
status.option("--queue <url>", "count the messages of this queue, too");
addDeadLetterOption(status, "to name those of this run");

const submit = program
  .command("submit")
  .description("give a run to the executors of a queue, or send again what is missing of it")
  .argument("[evaluation]", "path of a module, or collatz, pi or prime (default: collatz, env: EVALUATION)")
  .action(async (evaluation: string | undefined) => {
    const { submitCommand } = await import("./commands/submit.ts");
    process.exit(await submitCommand(evaluation, submit));
  });
submit.addHelpText(
  "after",
  "\nIn the repository, --environment <name> and --size <size> find the queue and the place: see npm run submit -- --help.",
);
addQueueOption(submit);
addResultsRootOption(submit);
addNameOption(submit);
addSubmissionOptions(submit);
addExecutorOptions(submit);
addOptions(submit, SUBMIT_SETTINGS);

const resume = program
  .command("resume")
  .description("send again what is missing of a submitted run, also of one that was cancelled or has failed")
  .argument("<results>", "the place of the run, s3://<bucket>/<prefix>/<run>")
  .action(async (results: string, options) => {
    const { resumeCommand } = await import("./commands/resume.ts");
    process.exit(await resumeCommand(results, options));
  });
addQueueOption(resume);
addDeadLetterOption(resume, "to delete those of this run");
addSubmissionOptions(resume);
addExecutorOptions(resume);

program
  .command("cancel")
  .description("stop a submitted run: executors commit the part in work, and delete its messages")
  .argument("<results>", "the place of the run, s3://<bucket>/<prefix>/<run>")
  .option("--reason <text>", "what sweep status says about it", "sweep cancel")
  .action(async (results: string, options) => {
    const { cancelCommand } = await import("./commands/cancel.ts");
    await cancelCommand(results, options);
  });

program
  .command("ui")
  .description("show the sweeps of a folder or a bucket in a browser on this machine")
  .option("--results <root>", "the place below which sweeps are: a directory, or s3://<bucket>/<prefix>", "./results")
  .option("--port <number>", "port on 127.0.0.1; 0 takes any free one", "4400")
  .option("--no-open", "open no browser")
  .action(async (options) => {
    const { uiCommand } = await import("./commands/ui.ts");
    await uiCommand(options);
  });

program
  .command("serve")
  .description("answer requests about sweeps over HTTP, as in a pod; sweep ui is the same for one person")
  .option(
    "--results <root>",
    "the place below which sweeps are: a directory, or s3://<bucket>/<prefix> (default: ./results)",
  )
  .option("--port <number>", "port; 0 takes any free one", "8080")
  .option("--host <address>", "address of this machine to listen at; 0.0.0.0 is all of them", "127.0.0.1")
  .option("--page", "show the page, too")
  .option("--api <url>", "send requests of the page on to this server, in place of answering them")
  .option("--configuration <file>", "service.json, which says where sweeps can be submitted (default: nowhere)")
  .option("--allow-host <names...>", "host names by which browsers may reach it, beside localhost and IP addresses", [])
  .option("--drain-seconds <seconds>", "how long it goes on after SIGTERM, when it is not ready any more", "30")
  .action(async (options) => {
    const { serveCommand } = await import("./commands/serve.ts");
    process.exit(await serveCommand(options));
  });

const replay = program
  .command("replay")
  .description("evaluate one parameter in the foreground and print its result or its stack trace")
  .argument("<parameter>", "a whole number")
  .argument("[evaluation]", "path of a module, or collatz, pi or prime (default: that of --results)")
  .action(async (parameter: string, evaluation: string | undefined) => {
    const { replayCommand } = await import("./commands/replay.ts");
    process.exit(await replayCommand(parameter, evaluation, replay));
  });
addOptions(replay, ["resultsUrl", "seed", "evaluationCommand", "resultColumns"]);

program
  .command("plan")
  .description("measure an evaluation here, and predict time and cost of the whole sweep (in the repository)")
  .allowUnknownOption()
  .argument("[arguments...]")
  .action(() => {
    throw new PermanentError(
      "sweep plan reads environments and prices, which are only in the repository: run it there",
    );
  });

program
  .command("bundle")
  .description("write an evaluation with its imports as one file, for an image")
  .argument("<evaluation>", "path of a module, or collatz, pi or prime")
  .option("--output <file>", "file to write; an earlier bundle is replaced (default: <name>.mjs)")
  .option("--force", "replace any file")
  .action(async (evaluation: string, options) => {
    const { bundleCommand } = await import("./commands/bundle.ts");
    await bundleCommand(evaluation, options);
  });

/** Runs the command of this process. */
export async function runProgram(): Promise<void> {
  // Ignore EPIPE: the reading end (head, less) closed the pipe.
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
}
