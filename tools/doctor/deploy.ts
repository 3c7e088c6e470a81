import { environments } from "../../environments.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import {
  administratorFinding,
  asking,
  identify,
  kubernetesFinding,
  spotRoleFinding,
  stateFinding,
  zonesFinding,
} from "./account.ts";
import { type Check, warning } from "./check.ts";
import { configurationChecks, documentationAccount } from "./configuration.ts";
import { programChecks } from "./programs.ts";
import { quotaChecks } from "./quotas.ts";
import type { Section } from "./report.ts";

/** Everything that a deploy of an environment needs, beside the machine. */
export function deploySections(environment: ResolvedEnvironment): Section[] {
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

/** Longer than the AWS CLI takes to start and to find no credentials; whoever only computes here waits no longer. */
const credentialSeconds = 5;

/** What any deploy needs. Nothing of it is a problem for somebody who deploys nothing. */
export function anyDeploySection(): Section {
  // Nobody's environment: whatever account there is will do. The region is where AWS is asked.
  const anybody = { name: "dev", accountId: documentationAccount, region: environments[0]?.region ?? "us-east-1" };
  const credentials = async () => (await identify(anybody, credentialSeconds)).finding;
  return { title: "To deploy", checks: [...programChecks(), { name: "credentials", run: credentials }].map(optional) };
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
