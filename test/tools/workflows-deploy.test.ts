import { join } from "node:path";
import { environments } from "../../environments.ts";
import { read } from "../support/repository.ts";
import { expression, files, folder, jobs, type Step, suffixOf, workflowOf } from "../support/workflows.ts";

describe("a deploy", () => {
  const jobsOf = (name: string) => workflowOf(name).jobs;

  test("is never cancelled, and no round of another run comes between its rounds", () => {
    const deploy = workflowOf("deploy");
    const deploying = Object.entries(deploy.jobs).filter(([, { uses }]) => uses?.endsWith("/rounds.yml"));
    expect(deploying.map(([name]) => name)).toEqual(environments.map(({ name }) => name));
    for (const [name, { concurrency, with: inputs }] of deploying) {
      // Each has a group of its own: a run that waits for one environment's reviewers blocks no other.
      expect({ name, ...concurrency }).toEqual({
        name: inputs?.environment,
        group: `deploy-${name}`,
        "cancel-in-progress": false,
      });
      const suffix = suffixOf(name);
      expect(inputs).toMatchObject({
        "deploy-role": expression(`vars.AWS_DEPLOY_ROLE_ARN_${suffix}`),
        "public-key": expression(`vars.PLAN_PUBLIC_KEY_${suffix}`),
      });
    }
    expect(deploy.concurrency).toBeUndefined();
    expect(Object.keys(deploy.on)).toEqual(["push", "workflow_dispatch"]);
  });

  test("of prod needs one of dev that succeeded, or that is not set up", () => {
    // A dev that a later run replaces in the queue is cancelled, which is neither a failure nor a cancelled workflow.
    expect(jobsOf("deploy").prod).toMatchObject({
      needs: "dev",
      if: expect.stringContaining(`!cancelled() && contains(fromJSON('["success", "skipped"]'), needs.dev.result)`),
    });
  });

  test("fails if its third round leaves something", () => {
    const { left } = jobsOf("rounds");
    expect(left).toMatchObject({ needs: "round-3", if: expression("needs.round-3.outputs.later == 'true'") });
  });

  test("has three equal rounds, and each begins only if the one before it has left something", () => {
    const rounds = Object.entries(jobsOf("rounds")).filter(([name]) => name !== "left");
    expect(rounds.map(([name]) => name)).toEqual(["round-1", "round-2", "round-3"]);
    rounds.forEach(([name, job], index) => {
      expect(job).toEqual({
        ...rounds[0]?.[1],
        ...(index > 0 && { needs: `round-${index}`, if: expression(`needs.round-${index}.outputs.later == 'true'`) }),
        with: { ...rounds[0]?.[1].with, round: name.slice("round-".length) },
      });
    });
    expect(rounds[0]?.[1].uses).toBe("./.github/workflows/apply.yml");
  });

  test("waits for its environment's reviewers, and applies the plans that they approved without another plan", () => {
    const { plan, apply } = jobsOf("apply");
    expect(apply).toMatchObject({ environment: expression("inputs.environment"), needs: "plan" });
    const steps = apply?.steps ?? [];
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual([
      // `exec` lets the signals of a cancelled job reach the deploy.
      'exec npm run --silent deploy -- "$ENVIRONMENT" --plans saved --approved "$DIGEST"',
    ]);
    expect(steps.at(-1)?.env).toMatchObject({
      DIGEST: expression("needs.plan.outputs.digest"),
      PLAN_PRIVATE_KEY: expression("secrets.PLAN_PRIVATE_KEY"),
    });
    // Expired credentials can neither save a state nor unlock it, and last an hour by default.
    const credentials = steps.find(({ uses }) => uses?.startsWith("aws-actions/configure-aws-credentials@"));
    expect(credentials?.with?.["role-duration-seconds"]).toBe((apply?.["timeout-minutes"] ?? 0) * 60);
    // What one job uploads, the other downloads.
    const artifact = (all: readonly Step[], action: string) =>
      all.find(({ uses, with: inputs }) => uses?.includes(action) && String(inputs?.name).startsWith("saved-"))?.with;
    const uploaded = artifact(jobsOf("plan").plan?.steps ?? [], "upload-artifact");
    const downloaded = artifact(steps, "download-artifact");
    expect([uploaded?.name, uploaded?.path]).toEqual([downloaded?.name, downloaded?.path]);
    expect(plan?.with).toMatchObject({
      round: expression("inputs.round"),
      "public-key": expression("inputs.public-key"),
    });
  });

  test("gives the private key to the job alone that names the environment", () => {
    const reading = files.filter((path) => /secrets\.(?!GITHUB_TOKEN)/.test(read(path).replaceAll(/^\s*#.*$/gm, "")));
    expect(reading).toEqual([join(folder, "apply.yml")]);
    const inheriting = jobs.filter(([, job]) => job.secrets !== undefined).map(([name]) => name);
    const expected = ["deploy.yml dev", "deploy.yml prod", ...[1, 2, 3].map((round) => `rounds.yml round-${round}`)];
    expect(inheriting).toEqual(expected.map((name) => join(folder, name)));
  });
});
