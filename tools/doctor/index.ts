import { InvalidConfigurationError } from "../../constructs/support/problems.ts";
import { environmentOf, takesEnvironment } from "../support/environment.ts";
import { runTool, tool } from "../support/tool.ts";
import { anyDeploySection, deploySections } from "./deploy.ts";
import { nodeFinding } from "./programs.ts";
import { type Check, examine, problem, type Section, summary } from "./report.ts";

interface Options {
  readonly environment?: string;
  readonly json?: boolean;
}

/** `npm run doctor`: finds the causes of a failing run or deploy before it starts, each with a fix. */
async function doctor(argument: string | undefined, { environment: option, json }: Options): Promise<void> {
  const name = argument ?? option;
  const node: Check = { name: "Node.js", run: () => nodeFinding(process.versions.node) };
  const sections =
    name === undefined
      ? [{ title: "This machine", checks: [node] }, anyDeploySection()]
      : [{ title: "This machine", checks: [node] }, ...sectionsOf(argument, option)];
  const print = (text: string) => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  const examined = await examine(sections, print);
  const { problems, warnings, text } = summary(examined);
  if (json) {
    process.stdout.write(`${JSON.stringify({ environment: name, problems, warnings, sections: examined }, null, 2)}\n`);
  }
  print(text);
  if (name === undefined) print("To check an environment's settings and access: npm run doctor -- dev");
  if (problems > 0) process.exitCode = 1;
}

function sectionsOf(argument: string | undefined, option: string | undefined): Section[] {
  try {
    return deploySections(environmentOf(argument, option));
  } catch (error) {
    if (!(error instanceof InvalidConfigurationError)) throw error;
    const finding = problem(error.message, "environments that can be synthesized", "correct environments.ts");
    return [{ title: "Environments", checks: [{ name: "configuration", run: () => finding }] }];
  }
}

runTool(
  takesEnvironment(
    tool(
      "npm run doctor --",
      "Check this machine, and, for an environment, the settings and the access that its deploy needs.",
    ),
  )
    .option("--json", "print the findings as JSON; the exit code is 1 if there is a problem")
    .action(doctor),
);
