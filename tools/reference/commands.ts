import type { Command } from "commander";
import { program } from "../../worker/src/cli.ts";
import { declaredCommands } from "../support/tool.ts";

/** Width of the help in the documentation: a block of code on GitHub shows about as much without scrolling. */
const columns = 100;

/** Every tool for users, in the order in which somebody needs them. */
const tools = () => {
  require("../doctor/index.ts");
  require("../cost/index.ts");
  require("../plan/index.ts");
  require("../diff/index.ts");
  require("../saved-plans/plan-key.ts");
  require("../deploy/index.ts");
  require("../deploy/destroy.ts");
  require("../saved-plans/plan-key.ts");
  require("../submit/index.ts");
  require("../collect/index.ts");
  require("../ui/index.ts");
  require("../instance-types/index.ts");
};

/** The text of docs/commands.md: what each command prints for `--help`. */
export function commandReference(): string {
  // `sweep plan` is a tool: the program itself only knows that there is one.
  const own = program.commands.filter((command) => command.name() !== "plan");
  return `# Commands

<!-- \`npm run docs\` writes this file from the declarations in the sources. -->

This page has the help of each command, as \`--help\` prints it. \`./sweep\` is the command of a checkout, and \`sweep\` that of
the installed package and of the image. An option in \`<...>\` takes a value, and \`env\` names the environment variable that
applies where the option is not given: [reference.md](reference.md) has their ranges and defaults.

## sweep

${helpOf(program)}

${own.flatMap((command) => sections(command, "###")).join("\n\n")}

## Tools of the repository

Behind \`npm run\`, options follow two hyphens: \`npm run diff -- dev\`. A tool ends with 0, and with 1 after an error; others
are in its help. \`npm run collect\` and \`npm run submit\` end as \`sweep\` does.

${declaredCommands(tools)
  .flatMap((command) => sections(command, "###"))
  .join("\n\n")}
`;
}

/** A command, and those inside it. */
function sections(command: Command, heading: string): string[] {
  return [
    `${heading} ${fullName(command)}\n\n${helpOf(command)}`,
    ...command.commands.flatMap((one) => sections(one, heading)),
  ];
}

/** `npm run --silent plan-key --` is the heading `npm run plan-key`. */
function fullName(command: Command): string {
  const name = command.name().replace(/ --(silent)?(?= |$)/g, "");
  return command.parent === null ? name : `${fullName(command.parent)} ${name}`;
}

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => columns,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return `\`\`\`text\n${text.trim()}\n\`\`\``;
}
