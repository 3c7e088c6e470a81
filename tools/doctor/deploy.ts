import type { Environment } from "../../stacks/config.ts";
import { environments } from "../../stacks/environments.ts";
import {
  administratorFinding,
  asking,
  identify,
  kubernetesFinding,
  spotRoleFinding,
  stateFinding,
  zonesFinding,
} from "./account.ts";
import { configurationChecks } from "./configuration.ts";
import { programChecks } from "./programs.ts";
import { quotaChecks } from "./quotas.ts";
import type { Section } from "./report.ts";

/** Everything that a deploy of an environment needs, beside the machine. */
export function deploySections(environment: Environment): Section[] {
  const identity = identify(environment);
  const session = identity.then((known) => known.session);
  const usesSpot = Object.values(environment.nodePools).some(({ capacityType }) => capacityType === "SPOT");
  return [
    {
      title: `Environment ${environment.name}`,
      checks: configurationChecks(
        environment,
        environments.map(({ name }) => name),
      ),
    },
    { title: "Programs", checks: programChecks(environment) },
    {
      title: "AWS",
      checks: [
        { name: "credentials", run: async () => (await identity).finding },
        asking(session, "cluster access", async ({ callerArn }) => administratorFinding(callerArn, environment)),
        asking(session, "zones", (known) => zonesFinding(known, environment)),
        asking(session, "Kubernetes", (known) => kubernetesFinding(known, environment)),
        asking(session, "Terraform state", () => stateFinding(environment)),
        ...(usesSpot ? [asking(session, "spot machines", spotRoleFinding)] : []),
        ...quotaChecks(session, environment),
      ],
    },
  ];
}
