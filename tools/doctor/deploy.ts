import { environments } from "../../environments.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { configurationChecks, documentationAccount } from "./configuration.ts";
import { credentialChecks, identify } from "./credentials.ts";
import { executorChecks } from "./executors.ts";
import { imageChecks } from "./image.ts";
import { loadBalancerChecks } from "./load-balancers.ts";
import { programChecks } from "./programs.ts";
import { type Check, type Section, warning } from "./report.ts";
import { serviceChecks } from "./services.ts";

/** The checks of an environment's deploy, except those of the machine. */
export function deploySections(environment: ResolvedEnvironment): Section[] {
  const names = environments.map(({ name }) => name);
  const identity = identify(environment);
  const executors = executorChecks(environment, identity);
  const entry = loadBalancerChecks(environment, identity);
  const services = serviceChecks(environment);
  return [
    { title: `Environment ${environment.name}`, checks: configurationChecks(environment, names) },
    { title: "Programs", checks: [...programChecks(environment), ...imageChecks(environment)] },
    { title: "AWS", checks: credentialChecks(environment, identity) },
    ...(executors.length === 0 ? [] : [{ title: "Executors", checks: executors }]),
    ...(services.length === 0 ? [] : [{ title: "Services", checks: services }]),
    ...(entry.length === 0 ? [] : [{ title: "Entry from outside", checks: entry }]),
  ];
}

/** The needs of any deploy. They are warnings, because a user may only compute on this machine. */
export function anyDeploySection(): Section {
  const region = environments[0]?.region ?? "us-east-1";
  const credentials = async () => (await identify({ name: "dev", accountId: documentationAccount, region })).finding;
  const checks = [...programChecks(), { name: "credentials", run: credentials }];
  return { title: "To deploy", checks: checks.map(optional) };
}

function optional({ name, run }: Check): Check {
  const asWarning = async () => {
    const finding = await run();
    const { found, needed, fix } = finding;
    if (needed === undefined || fix === undefined) return finding;
    return warning(found, `${needed}; only a deploy needs it`, fix);
  };
  return { name, run: asWarning };
}
