import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { setImmediate } from "node:timers/promises";
import { jobStarts, readBucket } from "../diff/job-starts.ts";
import { keptSizes } from "../diff/kept-sizes.ts";
import { type Plan, readPlan } from "../diff/plan.ts";
import { changesAnything } from "../diff/summary.ts";
import { renderSummary } from "../diff/text.ts";
import { guardedPrivateFolder } from "../support/private-folder.ts";
import { localStateFile, type SynthesizedStack } from "../support/synthesize.ts";
import { initArguments, terraformProgram } from "../support/terraform.ts";
import { ToolError } from "../support/tool.ts";
import type { TerraformRun } from "./terraform-run.ts";

/** A plan in a file, so that exactly what was shown is applied. */
export interface PlannedStack {
  readonly stack: SynthesizedStack;
  readonly plan: Plan;
  readonly file: string;
}

/** Plans and applies stacks of one environment. */
export class Work {
  readonly #initialised = new Set<SynthesizedStack>();
  /** Where its own plans are. */
  #folder: string | undefined;

  constructor(
    readonly kind: "deploy" | "destroy",
    readonly environment: string,
    readonly terraform: TerraformRun,
    /** The command that goes on where this one stopped. */
    readonly again: string,
  ) {}

  async plan(stack: SynthesizedStack): Promise<PlannedStack> {
    await this.init(stack);
    const planned = await this.#planWith(stack, this.kind === "destroy" ? ["-destroy"] : []);
    const sizes = keptSizes(planned.plan, stack);
    if (sizes.length === 0) return planned;
    process.stderr.write("\nplanning again, with as many nodes in the new groups as the old ones have\n");
    return this.#planWith(stack, sizes);
  }

  async #planWith(stack: SynthesizedStack, args: readonly string[]): Promise<PlannedStack> {
    this.#folder ??= guardedPrivateFolder();
    const file = join(this.#folder, `${stack.id}.tfplan`);
    await this.#run(stack, ["plan", `-out=${file}`, ...args]);
    return this.read(stack, file);
  }

  /** Reads the plan of an initialised stack. */
  async read(stack: SynthesizedStack, file: string): Promise<PlannedStack> {
    const { stdout } = await this.#run(stack, ["show", "-json", file], true);
    return { stack, file, plan: readPlan(stdout, stack.id) };
  }

  /** Asks once, then applies the plans in their order. */
  async apply(planned: readonly PlannedStack[], { yes }: { readonly yes?: true }): Promise<void> {
    const notesOf = ({ stack, plan }: PlannedStack) =>
      this.kind === "deploy" ? [...stack.remarks, ...jobStarts(plan, readBucket)] : [];
    const outcomes = planned.map((one) => {
      return { stack: one.stack.id, notes: notesOf(one), kind: "planned" as const, plan: one.plan };
    });
    if (outcomes.length > 0) {
      process.stdout.write(`\n${renderSummary({ subject: this.environment, outcomes, remarks: [] })}\n`);
    }
    const changing = planned.filter(({ plan }) => changesAnything(plan));
    if (changing.length === 0) return;
    if (yes !== true && !(await this.#isApproved(changing.map(({ stack }) => stack.id)))) {
      throw new ToolError(`not approved: nothing was changed in ${changing.map(({ stack }) => stack.id).join(", ")}`);
    }
    for (const one of changing) await this.applyFile(one);
  }

  /** Applies a plan as it is, without another one. */
  async applyFile({ stack, file }: PlannedStack): Promise<void> {
    await this.#run(stack, ["apply", "-input=false", file]);
  }

  /** @throws ToolError if a stack outside the wanted ones still needs one of them. */
  async refuseIfStandingOn(wanted: readonly SynthesizedStack[], stack: SynthesizedStack): Promise<void> {
    const needed = wanted.filter(({ id }) => stack.dependencies.includes(id)).map(({ id }) => id);
    if (needed.length === 0) return;
    const count = await this.resourcesOf(stack);
    if (count === 0) return;
    const part = stack.id.slice(this.environment.length + 1);
    throw new ToolError(
      `${stack.id} still needs ${needed.join(" and ")} (resources in its state: ${count}): destroy it first, npm run destroy -- ${this.environment} --stack ${part}`,
    );
  }

  /** The number of resources in the state of a stack. */
  async resourcesOf(stack: SynthesizedStack): Promise<number> {
    const file = localStateFile(stack);
    if (file !== undefined && !existsSync(file)) return 0;
    await this.init(stack);
    const { stdout } = await this.#run(stack, ["state", "pull"], true);
    const resources: { readonly mode: string }[] = stdout.trim() === "" ? [] : (JSON.parse(stdout).resources ?? []);
    return resources.filter(({ mode }) => mode === "managed").length;
  }

  /** The values of a stack's outputs. Sensitive ones are in clear. */
  async outputsOf(stack: SynthesizedStack): Promise<Readonly<Record<string, unknown>>> {
    await this.init(stack);
    const { stdout } = await this.#run(stack, ["output", "-json"], true);
    const outputs = Object.entries<{ readonly value: unknown }>(JSON.parse(stdout));
    return Object.fromEntries(outputs.map(([name, { value }]) => [name, value]));
  }

  /** Initialises a stack once. */
  async init(stack: SynthesizedStack): Promise<void> {
    if (this.#initialised.has(stack)) return;
    process.stderr.write(`\n${stack.id}\n${"-".repeat(stack.id.length)}\n`);
    await this.#run(stack, initArguments(stack.folder));
    this.#initialised.add(stack);
  }

  async #run(stack: SynthesizedStack, args: readonly string[], captures = false): Promise<{ stdout: string }> {
    const [command = ""] = args;
    const isApply = command === "apply";
    // Signals that came while nothing of Terraform's ran are delivered in another turn of the event loop.
    await setImmediate();
    this.terraform.throwIfStopped(`stopped before terraform ${command} of ${stack.id}; to go on: ${this.again}`);
    // A destroy creates nothing that an interrupt could leave half made, and nobody wants it to go on.
    const { status, stdout, stderr } = await this.terraform.run(stack, args, {
      captures,
      keepsErrors: isApply,
      completes: isApply && this.kind === "deploy",
    });
    const went = status === 0 ? "was completed" : "ended early, and its state has what was done";
    this.terraform.throwIfStopped(
      isApply ? `stopped: ${stack.id} ${went}; to go on: ${this.again}` : `stopped before ${stack.id} was changed`,
    );
    if (status === 0) return { stdout };
    if (isApply && /Saved plan (is stale|does not match)/.test(stderr)) {
      throw new ToolError(
        `${stack.id}: its state changed after it was planned, so nothing of this stack was applied: ${this.again}`,
      );
    }
    const chdir = `${terraformProgram()} -chdir=${stack.folder}`;
    const hints: Readonly<Record<string, string>> = {
      init: `if Terraform asks for it, after a change of s3State: ${chdir} init -migrate-state`,
      apply: `its state has what was done; correct the cause (docs/troubleshooting.md), and go on: ${this.again}`,
    };
    const hint = hints[command] ?? `nothing of ${stack.id} was changed`;
    throw new ToolError(`${stack.id}: terraform ${command} failed: ${hint}`);
  }

  async #isApproved(stacks: readonly string[]): Promise<boolean> {
    // Without the terminal mode, Ctrl-C stays a signal.
    const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
    // The end of the input (Ctrl-D) answers nothing, and a question would wait for ever.
    const ended = new Promise<string>((answer) => reader.once("close", () => answer("")));
    const question = `${this.kind === "deploy" ? "Deploy" : "Destroy"} ${stacks.join(", ")}? Only yes is taken: `;
    try {
      const asked = reader.question(question, { signal: this.terraform.stopped }).catch(() => "");
      const answer = await Promise.race([asked, ended]);
      this.terraform.throwIfStopped(`stopped: nothing was changed in ${stacks.join(", ")}`);
      return answer.trim() === "yes";
    } finally {
      reader.close();
    }
  }
}
