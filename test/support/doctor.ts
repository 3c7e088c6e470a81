import { prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { deploySections } from "../../tools/doctor/deploy.ts";
import { type Checked, examine } from "../../tools/doctor/report.ts";
import { resolved } from "./fixtures.ts";
import { Programs } from "./programs.ts";
import { temporaryDirectory } from "./sweep.ts";

export const programs = new Programs(temporaryDirectory());
export const own = "123456789012";
const inherited = { ...process.env };

/** An environment without placeholders. */
export const mine = (environment: Environment, changes: Partial<Environment> = {}): Environment => ({
  ...environment,
  accountId: own,
  cluster: {
    ...environment.cluster,
    administrators: [`arn:aws:iam::${own}:role/team/deployer`],
    endpointPublicAccessCidrs: ["198.18.7.9/32"],
  },
  ...changes,
});
export const caller = (Arn: string, Account = own) =>
  programs.answer("sts-get-caller-identity", { json: { UserId: "AROAEXAMPLE:me", Account, Arn } });

/** Gives every test of a file a machine and an account with nothing wrong, and no program but stand-ins. */
export function useHealthyAccount(): void {
  beforeEach(() => {
    programs.clear();
    const variables = Object.entries(inherited).filter(([name]) => !/^(PLATFORM_|TERRAFORM_BINARY_NAME$)/.test(name));
    process.env = { ...Object.fromEntries(variables), PATH: programs.path };
    programs.install("terraform", `echo '{"terraform_version":"1.11.4","platform":"linux_amd64"}'`);
    programs.install(
      "docker",
      `case "$*" in buildx*) echo "github.com/docker/buildx v0.24.0 0123abc" ;; *) echo 28.2.2 ;; esac`,
    );
    programs.installAws("2.31.6");
    caller(`arn:aws:sts::${own}:assumed-role/deployer/me`);
    programs.answer("s3api-head-bucket", { json: { BucketRegion: "us-west-2" } });
  });
  afterAll(() => {
    process.env = inherited;
  });
}

/** The findings about a deploy. */
export async function findings(environment: Environment): Promise<Checked[]> {
  const sections = await examine(deploySections(resolved(environment)));
  return sections.flatMap(({ checks }) => checks);
}
export async function finding(name: string, environment = mine(prod)): Promise<Checked> {
  const found = (await findings(environment)).find((checked) => checked.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}
