import { numberIn } from "sweep-worker/contract";
import { frontendName, servicesNamespace } from "../../constructs/services/services-names.ts";
import { environmentOf, takesEnvironment } from "../support/environment.ts";
import { refusal, runTool, ToolError, tool } from "../support/tool.ts";
import { forwardPort } from "./port-forward.ts";

interface Options {
  readonly environment?: string;
  readonly port: string;
}

/** `npm run ui`: opens a way to the page of an environment. */
async function ui(argument: string | undefined, options: Options): Promise<void> {
  const { name, region, services } = environmentOf(argument, options.environment);
  const port = portOf(options.port);
  if (services === undefined) {
    throw new ToolError(
      `environment ${name} has no services: add services: {} to it in environments.ts and deploy, or look at its results with ./sweep ui --results s3://<bucket>/runs`,
    );
  }
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ending.abort());
  await forwardPort({
    cluster: `${name}-platform`,
    region,
    namespace: servicesNamespace,
    service: frontendName,
    port,
    // The credentials are the caller's own, as for Terraform.
    env: process.env,
    signal: ending.signal,
    onOpen: () => process.stdout.write(`The page of ${name}: http://127.0.0.1:${port}/ until Ctrl-C\n`),
    onBroken: (reason) => process.stderr.write(`the connection broke, and is made again: ${reason}\n`),
  });
}

function portOf(text: string): number {
  const port = numberIn(text) ?? Number.NaN;
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw refusal("--port", "a whole number from 1 to 65,535", text, "use for example 4400");
}

runTool(
  takesEnvironment(
    tool("npm run ui --", "Open the page of an environment on this machine, through the Kubernetes API."),
  )
    .option("--port <number>", "port on this machine", "4400")
    .addHelpText(
      "after",
      `
It needs the AWS CLI and kubectl, and the rights of an administrator of the cluster. Nothing is exposed: the connection goes through
the Kubernetes API to one of the page's pods, and ends with Ctrl-C.

Examples:
  npm run ui -- dev
  npm run ui -- dev --port 8080`,
    )
    .action(ui),
);
