import { availableParallelism } from "node:os";
import { Command } from "commander";
import type { WorkerConfiguration } from "sweep-worker/contract";
import { EXIT_CODE, type ExitCode, formatCount, PermanentError, SweepError } from "sweep-worker/contract";
import { addOptions, configurationOf } from "../../worker/src/commands/options.ts";
import { type EnvironmentFacts, type JobFacts, readEnvironment } from "./environment.ts";
import { type Plan, type PlanInput, planFor } from "./plan.ts";
import { describeMeasurement, describePlan, describeThisMachine } from "./report.ts";
import { changesOf, type JobChanges } from "./settings.ts";

interface Options {
  readonly environment?: string;
  readonly job?: string;
  readonly prices?: string;
  readonly seconds: string;
  readonly speed: string;
  readonly nodes: string;
  readonly json?: boolean;
}

/** A Job of an environment, for which is planned. */
interface Target {
  readonly environment: EnvironmentFacts;
  readonly job: JobFacts;
}

interface Planned extends Target {
  readonly plan: Plan;
  readonly changes: JobChanges;
}

/** Variables of the ConfigMap that mean nothing here, or would contradict an evaluation given on the command line. */
const NOT_TAKEN_OVER = ["RESULTS_URL", "AWS_REGION", "LOG_LEVEL"];
const EVALUATION_VARIABLES = ["EVALUATION", "EVALUATION_COMMAND", "RESULT_COLUMNS"];

/** `sweep plan`: measures the evaluation here, and predicts what the whole sweep takes and costs. */
async function planCommand(evaluation: string | undefined, command: Command): Promise<ExitCode> {
  const options = command.opts<Options>();
  const sampleSeconds = numberOf("--seconds", options.seconds);
  const speed = numberOf("--speed", options.speed);
  const nodeCounts = options.nodes.split(",").map((text) => wholeNumberOf("--nodes", text));
  const target = options.environment === undefined ? undefined : await targetOf(options.environment, options);
  const configuration = configurationOf(evaluation, command, defaultsOf(target, evaluation, command));
  if (configuration.totalParameters === 0) {
    throw new PermanentError('--total: got "0"; allowed is 1 or more, since there is nothing to measure');
  }
  const { input, evaluation: measured, isStopped } = await sample(configuration, sampleSeconds, speed);
  const cores = availableParallelism();
  const node = target?.environment.pools.find((pool) => pool.name === target.job.pool);
  let planned: Planned | undefined;
  if (target !== undefined && node !== undefined) {
    const plan = planFor(input, target.environment, target.job, node, nodeCounts);
    const { fileForImage } = await import("sweep-worker");
    const changes = changesOf(plan.recommendation, target.job, configuration, measured, fileForImage(measured));
    planned = { ...target, plan, changes };
  }
  const print = options.json ? printJson : printText;
  print(measured.name, input, cores, planned);
  return isStopped ? EXIT_CODE.INTERRUPTED : EXIT_CODE.DONE;
}

async function targetOf(name: string, { job: wanted, prices }: Options): Promise<Target> {
  const environment = await readEnvironment(name, prices);
  const names = environment.jobs.map((job) => job.name);
  const chosen = wanted ?? (names.length === 1 ? names[0] : undefined);
  const job = environment.jobs.find((candidate) => candidate.name === chosen);
  if (job !== undefined) return { environment, job };
  if (names.length === 0) throw new PermanentError(`--environment: got ${JSON.stringify(name)}, which has no job`);
  throw new PermanentError(`--job: got ${wanted ?? "nothing"}; allowed is one of ${names.join(", ")}`);
}

/** What the job says holds, unless it is said otherwise here. */
function defaultsOf(
  target: Target | undefined,
  evaluation: string | undefined,
  command: Command,
): Record<string, string> {
  const isGiven = evaluation !== undefined || command.getOptionValue("command") !== undefined;
  const left = isGiven ? [...NOT_TAKEN_OVER, ...EVALUATION_VARIABLES] : NOT_TAKEN_OVER;
  const variables = Object.entries(target?.job.variables ?? {});
  return Object.fromEntries(variables.filter(([variable]) => !left.includes(variable)));
}

async function sample(configuration: WorkerConfiguration, sampleSeconds: number, speed: number) {
  const { totalParameters, seed, batchSize, evaluationTimeoutSeconds, maxFailures } = configuration;
  const { loadEvaluation, sample: measureSample } = await import("sweep-worker");
  const stopping = new AbortController();
  let hasStarted = false;
  process.on("SIGINT", () => {
    // Exit immediately if no parameter has started, or on a second Ctrl-C.
    if (!hasStarted || stopping.signal.aborted) process.exit(EXIT_CODE.INTERRUPTED);
    stopping.abort();
  });
  const loaded = await loadEvaluation(configuration);
  const { evaluation, columns } = loaded;
  const progress = progressLine(evaluation.name, sampleSeconds);
  hasStarted = true;
  const measurement = await measureSample(loaded, {
    totalParameters,
    seed,
    evaluationTimeoutSeconds,
    seconds: sampleSeconds,
    signal: stopping.signal,
    onProgress: progress.update,
  }).finally(progress.end);
  const input: PlanInput = {
    measurement,
    totalParameters,
    batchSize,
    columns,
    timeoutSeconds: evaluationTimeoutSeconds,
    maxFailures,
    speed,
  };
  return { input, evaluation, isStopped: stopping.signal.aborted };
}

/** One line that is written over on a terminal, and written once elsewhere. */
function progressLine(name: string, seconds: number) {
  const { stderr } = process;
  if (!stderr.isTTY) stderr.write(`sampling ${name} for ${seconds} s\n`);
  return {
    update: (elapsed: number, evaluations: number, failed: number) => {
      if (!stderr.isTTY) return;
      const failures = failed === 0 ? "" : `, ${formatCount(failed)} failed`;
      stderr.write(
        `\r\x1b[Ksampling ${name}: ${elapsed.toFixed(0)} of ${seconds} s, ${formatCount(evaluations)} evaluations${failures}`,
      );
    },
    end: () => {
      if (stderr.isTTY) stderr.write("\r\x1b[K");
    },
  };
}

function printText(name: string, input: PlanInput, cores: number, planned: Planned | undefined): void {
  const parts = [describeMeasurement(name, input), describeThisMachine(input, cores)];
  if (planned === undefined) parts.push("With --environment <name>, machines and their cost are predicted too.");
  else parts.push("", describePlan(planned.plan, input, planned.environment, planned.job, planned.changes));
  process.stdout.write(`${parts.join("\n")}\n`);
}

function printJson(name: string, input: PlanInput, cores: number, planned: Planned | undefined): void {
  const { measurement, totalParameters } = input;
  const thisMachine = { workers: cores, seconds: (totalParameters * measurement.secondsPerParameter) / cores };
  const names = { environment: planned?.environment.name, job: planned?.job.name };
  const prediction = { ...planned?.plan, ...planned?.changes };
  process.stdout.write(`${JSON.stringify({ evaluation: name, ...names, ...input, thisMachine, ...prediction })}\n`);
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new PermanentError(`${option}: got ${JSON.stringify(text)}; allowed is a number above 0`);
}

function wholeNumberOf(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new PermanentError(`${option}: got ${JSON.stringify(text)}; allowed is whole numbers from 1, such as 1,10,50`);
}

const plan = new Command("sweep plan")
  .description("Measure an evaluation here for some seconds, and predict what the whole sweep takes and costs.")
  .showHelpAfterError("(run with --help for the options)")
  .argument("[evaluation]", "path of a module, or collatz or prime (default: the job's, or collatz)")
  .option("--environment <name>", "one of environments.ts, whose machines and prices count")
  .option("--job <name>", "which of its jobs, where there are several")
  .option("--seconds <number>", "how long to measure", "10")
  .option("--nodes <numbers>", "how many machines to compare", "1,10,50")
  .option("--speed <factor>", "how much faster a core of the pool is than one here", "1")
  .option("--prices <file>", "prices of your own, as npm run cost takes them")
  .option("--json", "as one line of JSON");
addOptions(plan, [
  "totalParameters",
  "batchSize",
  "seed",
  "evaluationTimeoutSeconds",
  "evaluationCommand",
  "resultColumns",
  "simulateWorkMs",
]);
plan.action(async (evaluation: string | undefined) => {
  process.exitCode = await planCommand(evaluation, plan);
  process.exit();
});
plan.parseAsync().catch((error) => {
  if (!(error instanceof SweepError)) throw error;
  for (const line of error.message.split("\n")) process.stderr.write(`error: ${line}\n`);
  process.exit(error.exitCode);
});
