import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { ResolvedWorkerSettings } from "sweep-worker/contract";
import { countNoun, EXIT_CODE, type ExitCode, formatCount, numberIn, toEnvironment } from "sweep-worker/contract";
import { addOptions, settingsOf } from "../../worker/src/commands/options.ts";
import { type EnvironmentFacts, environmentFacts, type JobFacts } from "../cost/environment.ts";
import { readPrices } from "../cost/price-table.ts";
import { environmentOf, jobOf } from "../support/environment.ts";
import { positiveNumber, refusal, runTool, tool } from "../support/tool.ts";
import { onThisMachine, type Plan, type PlanInput, planFor } from "./plan.ts";
import { describeQueuePlans, type QueuePlan, queuePlans } from "./queue.ts";
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

/** Options about the machines of an environment. */
const MACHINE_OPTIONS = ["job", "prices", "nodes", "speed"] as const;

/** The job of an environment to plan for. An environment with executors needs none. */
interface Target {
  readonly environment: EnvironmentFacts;
  readonly job: JobFacts | undefined;
}

interface Planned {
  readonly environment: EnvironmentFacts;
  /** Undefined without a job. */
  readonly ofJob: { readonly job: JobFacts; readonly plan: Plan; readonly changes: JobChanges } | undefined;
  readonly queuePlans: readonly QueuePlan[];
}

/** `sweep plan`: measures the evaluation here, and predicts the time and the cost of the whole sweep. */
async function planCommand(evaluation: string | undefined, command: Command): Promise<ExitCode> {
  const options = command.opts<Options>();
  const sampleSeconds = positiveNumber("--seconds", options.seconds, "use for example 10");
  const speed = positiveNumber("--speed", options.speed, "use for example 1.5");
  const nodeCounts = options.nodes.split(",").map(nodeCount);
  const target = options.environment === undefined ? undefined : targetOf(options.environment, options);
  const unused = MACHINE_OPTIONS.find((name) => command.getOptionValueSource(name) === "cli");
  if (target === undefined && unused !== undefined) {
    throw refusal(`--${unused}`, "used with --environment", options[unused], "name one of environments.ts");
  }
  const configuration = settingsOf(evaluation, command, defaultsOf(target, evaluation, command));
  if (configuration.totalParameters === 0) {
    throw refusal("--total", "1 or more", 0, "there would be nothing to measure");
  }
  const { input, evaluation: measured, isStopped } = await sample(configuration, sampleSeconds, speed);
  const cores = availableParallelism();
  let planned: Planned | undefined;
  if (target !== undefined) {
    const { environment, job } = target;
    const { fileForImage } = await import("sweep-worker");
    const ofJob = (job: JobFacts) => {
      const plan = planFor(input, environment, job, job.node, nodeCounts);
      const changes = changesOf(plan.recommendation, job, configuration, measured, fileForImage(measured));
      return { job, plan, changes };
    };
    const submitted = configuration.evaluationCommand === undefined ? configuration.evaluation : undefined;
    const planOfJob = job && ofJob(job);
    const { batchSize } = planOfJob?.plan.recommendation ?? configuration;
    planned = {
      environment,
      ofJob: planOfJob,
      queuePlans: queuePlans({ ...input, batchSize }, environment, { ...configuration, batchSize }, submitted),
    };
  }
  const print = options.json ? printJson : printText;
  print(measured.name, input, cores, planned);
  return isStopped ? EXIT_CODE.INTERRUPTED : EXIT_CODE.DONE;
}

function targetOf(name: string, { job: wanted, prices }: Options): Target {
  const environment = environmentFacts(environmentOf(name), readPrices(prices));
  const { jobs, executors } = environment;
  const needsNoJob = jobs.length === 0 && executors.length > 0 && wanted === undefined;
  return { environment, job: needsNoJob ? undefined : jobOf(wanted, jobs, name) };
}

/** The job's settings are the defaults, except those of another evaluation, and those that mean nothing on this machine. */
function defaultsOf(
  target: Target | undefined,
  evaluation: string | undefined,
  command: Command,
): Record<string, string> {
  const { resultsUrl: _, logLevel: __, ...settings } = target?.job?.settings ?? {};
  const isGiven = evaluation !== undefined || command.getOptionValue("command") !== undefined;
  return toEnvironment({
    ...settings,
    ...(isGiven && { evaluation: undefined, evaluationCommand: undefined, resultColumns: undefined }),
  } as Partial<ResolvedWorkerSettings>);
}

async function sample(configuration: ResolvedWorkerSettings, sampleSeconds: number, speed: number) {
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

/** A line that a terminal overwrites; elsewhere it is written once. */
function progressLine(name: string, seconds: number) {
  const { stderr } = process;
  if (!stderr.isTTY) stderr.write(`sampling ${name} for ${seconds} s\n`);
  return {
    update: (elapsed: number, evaluations: number, failed: number) => {
      if (!stderr.isTTY) return;
      const failures = failed === 0 ? "" : `, ${formatCount(failed)} failed`;
      stderr.write(
        `\r\x1b[Ksampling ${name}: ${elapsed.toFixed(0)} of ${seconds} s, ${countNoun(evaluations, "evaluation")}${failures}`,
      );
    },
    end: () => {
      if (stderr.isTTY) stderr.write("\r\x1b[K");
    },
  };
}

function printText(name: string, input: PlanInput, cores: number, planned: Planned | undefined): void {
  const parts = [describeMeasurement(name, input), describeThisMachine(input, cores)];
  if (planned === undefined) parts.push("--environment <name> predicts machines and their cost too.");
  else {
    const { environment, ofJob } = planned;
    const texts = [
      ...(ofJob === undefined ? [] : [describePlan(ofJob.plan, input, environment, ofJob.job, ofJob.changes)]),
      ...describeQueuePlans(planned.queuePlans, environment),
    ];
    parts.push("", ...texts);
  }
  process.stdout.write(`${parts.join("\n")}\n`);
}

function printJson(name: string, input: PlanInput, cores: number, planned: Planned | undefined): void {
  const thisMachine = { workers: cores, ...onThisMachine(input, cores) };
  const names = { environment: planned?.environment.name, job: planned?.ofJob?.job.name };
  const { plan, changes } = planned?.ofJob ?? {};
  const prediction = { ...plan, ...changes, queue: planned?.queuePlans };
  process.stdout.write(`${JSON.stringify({ evaluation: name, ...names, ...input, thisMachine, ...prediction })}\n`);
}

function nodeCount(text: string): number {
  const value = numberIn(text) ?? Number.NaN;
  if (Number.isInteger(value) && value > 0) return value;
  throw refusal("--nodes", "whole numbers from 1, separated by commas", text, "use for example 1,10,50");
}

const plan = tool(
  "sweep plan",
  "Measure an evaluation here for some seconds, and predict the time and the cost of the whole sweep.",
)
  .argument("[evaluation]", "path of a module, or collatz, pi or prime (default: the job's, or collatz)")
  .option("--environment <name>", "one of environments.ts, for its machines and their prices")
  .option("--job <name>", "one of its jobs, if there are several")
  .option("--seconds <number>", "time to measure", "10")
  .option("--nodes <numbers>", "numbers of machines to compare", "1,10,50")
  .option("--speed <factor>", "speed of a core of the pool, relative to one of this machine", "1")
  .option("--prices <file>", "your own prices, as for npm run cost")
  .option("--json", "print one line of JSON");
addOptions(plan, [
  "totalParameters",
  "batchSize",
  "seed",
  "evaluationConcurrency",
  "evaluationTimeoutSeconds",
  "evaluationCommand",
  "resultColumns",
  "simulateWorkMs",
]);
plan.action(async (evaluation: string | undefined) => {
  process.exitCode = await planCommand(evaluation, plan);
});
// The evaluation's process would keep this one alive.
runTool(plan, EXIT_CODE.PERMANENT).then(() => process.exit());
