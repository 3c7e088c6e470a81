import { variablePrefix } from "../../stacks/configuration/loader.ts";
import { environmentOf } from "../support/environment.ts";
import { runTool, ToolError, tool } from "../support/tool.ts";
import { newKeyPair, privateKeyVariable } from "./encryption.ts";

/** `npm run plan-key`: the private key goes to standard output, so that no file ever holds it. */
async function planKey(name: string): Promise<void> {
  const { name: environment } = environmentOf(name);
  const storing = `gh secret set ${privateKeyVariable} --env ${environment}`;
  if (process.stdout.isTTY) {
    const command = `npm run --silent plan-key -- ${environment} | ${storing}`;
    throw new ToolError(`the private key goes to standard output, which is a terminal here; start: ${command}`);
  }
  const { publicKey, privateKey } = await newKeyPair();
  process.stdout.write(`${privateKey}\n`);
  const variable = variablePrefix(environment).replace("PLATFORM", "PLAN_PUBLIC_KEY");
  process.stderr.write(`${publicKey}

That is the public key. Plans are encrypted for it as soon as it is a variable of the repository:
  gh variable set ${variable} --body ${publicKey}
`);
}

runTool(
  tool("npm run plan-key --", "Make the key pair with which saved plans of an environment are encrypted.")
    .argument("<environment>", "one of environments.ts")
    .addHelpText(
      "after",
      `
Standard output gets the private key; give it to GitHub, as a secret of the environment:
  npm run --silent plan-key -- dev | gh secret set ${privateKeyVariable} --env dev
Standard error gets the public key, and the command that makes it a variable. A new pair replaces the old one at any time: plans
that wait for their approval must then be made again.`,
    )
    .action(planKey),
);
