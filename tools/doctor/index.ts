import { InvalidConfigurationError, oneOf } from "../../constructs/support/problems.ts";
import { environments } from "../../environments.ts";
import { environmentOf, runTool, ToolError, takesEnvironment, tool } from "../support/tool.ts";
import { invalidConfiguration } from "./configuration.ts";
import { anyDeploySection, deploySections } from "./deploy.ts";
import { machineChecks } from "./machine.ts";
import { examine, lines, type Section, summary } from "./report.ts";

interface Options {
  readonly environment?: string;
  readonly json?: boolean;
}

/** `npm run doctor`: finds what would stop a run or a deploy, before it does, and says what to do about each. */
async function doctor(argument: string | undefined, { environment: option, json }: Options): Promise<void> {
  const name = argument ?? option;
  const machine: Section = { title: "This machine", checks: machineChecks(name !== undefined) };
  const sections = [machine, ...(name === undefined ? [anyDeploySection()] : environmentSections(argument, option))];
  const print = (text: string) => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  const examined = await examine(sections, {
    title: (title) => print(title),
    finding: (checked) => print(lines(checked)),
  });
  const { problems, warnings, text } = summary(examined);
  if (json) {
    process.stdout.write(`${JSON.stringify({ environment: name, problems, warnings, sections: examined }, null, 2)}\n`);
  }
  print(text);
  if (name === undefined) print("An environment's settings, access and quotas: npm run doctor -- dev");
  if (problems > 0) process.exitCode = 1;
}

function environmentSections(argument: string | undefined, option: string | undefined): Section[] {
  try {
    return deploySections(environmentOf(argument, option));
  } catch (error) {
    if (!(error instanceof InvalidConfigurationError)) throw error;
    // No environment can be synthesized while one is wrong; a name that is wrong, too, is said first.
    const names = environments.map(({ name }) => name);
    const name = argument ?? option ?? "";
    if (!names.includes(name))
      throw new ToolError(`environment: got ${JSON.stringify(name)}; allowed is ${oneOf(names)}`);
    return [{ title: `Environment ${name}`, checks: [invalidConfiguration(error.message)] }];
  }
}

runTool(
  takesEnvironment(
    tool("doctor", "Check what is needed on this machine, and, for an environment, what its deploy needs."),
  )
    .option("--json", "the findings for a program; the exit code is 1 when there is a problem")
    .action(doctor),
);
