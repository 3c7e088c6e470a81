import { oneOf } from "sweep-worker/contract";
import { repository } from "../../stacks/repository.ts";
import { environmentOf } from "../support/environment.ts";
import { type SynthesizedStack, synthesize } from "../support/synthesize.ts";
import { outputFolder } from "../support/terraform.ts";
import { refusal } from "../support/tool.ts";
import { refuseToLeaveLoadBalancers, refuseToLoseController } from "./load-balancers.ts";
import { TerraformRun } from "./terraform-run.ts";
import { type PlannedStack, Work } from "./work.ts";

export interface ApplyOptions {
  /** The stacks without the environment's name, for example `platform`; all of them if absent. */
  readonly stack?: readonly string[];
  /** Asks nothing. */
  readonly yes?: true;
}

/**
 * Deploys or destroys the stacks of an environment, with the state where `cdktf deploy` has it.
 *
 * A deploy plans, shows and applies one stack after the other, because a stack reads the outputs of those before it. A destroy shows
 * all of its plans before it begins: none depends on another, and whatever Terraform refuses is refused while everything still runs.
 */
export async function applyStacks(kind: "deploy" | "destroy", name: string, options: ApplyOptions): Promise<void> {
  const resolved = environmentOf(name);
  const { name: environment } = resolved;
  if (options.yes !== true && process.stdin.isTTY !== true) {
    throw refusal("--yes", "given where nobody can answer", undefined, "start it in a terminal, or add --yes");
  }
  process.stderr.write("synthesizing\n");
  const own = synthesize(repository, outputFolder()).filter(({ id }) => id.startsWith(`${environment}-`));
  const partOf = ({ id }: SynthesizedStack) => id.slice(environment.length + 1);
  for (const part of options.stack ?? []) {
    const parts = own.map(partOf);
    if (!parts.includes(part)) throw refusal("--stack", oneOf(parts), part, "name one of these");
  }
  const wanted = own.filter((stack) => options.stack?.includes(partOf(stack)) ?? true);

  // With its stacks: after a destroy of one, the command without them would destroy them all.
  const again = [`npm run ${kind} -- ${environment}`, ...(options.stack ?? []).map((part) => `--stack ${part}`)];
  const work = new Work(kind, environment, new TerraformRun(), again.join(" "));
  if (kind === "deploy") {
    for (const stack of wanted) {
      const planned = await work.plan(stack);
      await refuseToLoseController(resolved, planned.plan);
      await work.apply([planned], options);
    }
  } else {
    for (const stack of own.filter((one) => !wanted.includes(one))) await work.refuseIfStandingOn(wanted, stack);
    const planned: PlannedStack[] = [];
    for (const stack of [...wanted].reverse()) {
      if ((await work.resourcesOf(stack)) > 0) planned.push(await work.plan(stack));
      else process.stderr.write(`${stack.id}: nothing is deployed\n`);
    }
    await refuseToLeaveLoadBalancers(
      resolved,
      planned.map(({ plan }) => plan),
    );
    await work.apply(planned, options);
  }
  const all = options.stack === undefined ? [environment] : wanted.map(({ id }) => id);
  process.stderr.write(
    `${all.join(" and ")} ${all.length === 1 ? "is" : "are"} ${kind === "deploy" ? "deployed" : "destroyed"}\n`,
  );
}
