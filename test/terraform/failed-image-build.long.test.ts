import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith } from "../support/fixtures.ts";
import { copiedImageSources } from "../support/image-sources.ts";
import { ImitatedWorkload } from "../support/imitated-workload.ts";
import { hasTerraform } from "../support/with-terraform.ts";

const sources = copiedImageSources();
// The stacks take the image's sources from a copy, in which a test may edit them.
jest.mock("../../stacks/repository.ts", () => ({
  get repository() {
    return sources.directory;
  },
}));

const common = { nodePool: "executor", totalParameters: 1000, workers: 2 };
const job = (name: string, settings: object) => ({ name, ...common, ...settings });
const two: Environment = devWith({
  workload: { namespace: "sweep", jobs: [job("a", { evaluation: "collatz" }), job("b", { evaluation: "prime" })] },
});

const define = hasTerraform("a deploy with real Terraform") ? describe : describe.skip;

define("a deploy with real Terraform", () => {
  let root: string;
  let deployed: ImitatedWorkload;

  /** Docker is a stand-in, whose registry has nothing and whose builds end with this status. */
  const dockerBuilds = (status: number) => {
    const docker = join(root, "programs", "docker");
    const answers = `"buildx version") echo v0.19.3 ;; "buildx imagetools"*) exit 1 ;; "buildx build"*) exit ${status} ;;`;
    writeFileSync(docker, `#!/bin/sh\ncase "$*" in ${answers} esac\n`);
    chmodSync(docker, 0o755);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "imitated-workload-"));
    mkdirSync(join(root, "programs"));
    symlinkSync(process.execPath, join(root, "programs", "node"));
    symlinkSync(join(__dirname, "../../worker"), join(root, "worker"));
    deployed = new ImitatedWorkload(root, join(root, "programs"));
    dockerBuilds(0);
    expect(deployed.deploy(two).failed).toBeUndefined();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test("of an image that cannot be built changes nothing of the workload, and the next deploy does what was left", () => {
    const before = deployed.jobs;
    sources.write("worker/src/engine/worker.ts", (text) => `${text}\n`);
    dockerBuilds(17);
    const { failed, output } = deployed.deploy(two);
    expect(output).toContain("worker image: docker buildx build ended with 17");
    expect(deployed.jobs).toEqual(before);
    expect(output.match(/job-\w+_\w+: Destroy/g)).toBeNull();
    expect(failed).toBe("dev-image");

    dockerBuilds(0);
    expect(deployed.deploy(two).failed).toBeUndefined();
    expect(deployed.jobs.filter((name) => before.includes(name))).toEqual([]);
    expect(deployed.jobs).toHaveLength(2);
  });

  test("of an edited evaluation replaces the Job that uses it, and leaves the other one and its image", () => {
    sources.write("worker/evaluations/prime.ts", (text) => `${text}\nexport const edited = 1;\n`);
    const [a] = deployed.jobs;
    const plan = deployed.plan(two);
    expect(Object.keys(plan).sort()).toEqual([
      expect.stringMatching(/^terraform_data\.job-b_config_/),
      expect.stringMatching(/^terraform_data\.job-b_job_/),
    ]);
    for (const actions of Object.values(plan)) expect(actions).toEqual(["delete", "create"]);
    expect(deployed.deploy(two).failed).toBeUndefined();
    expect(deployed.jobs[0]).toBe(a);
  });

  test("of an evaluation that no job uses changes nothing and builds nothing", () => {
    dockerBuilds(17);
    writeFileSync(join(sources.directory, "worker/evaluations/new.ts"), "export const evaluate = () => 1;\n");
    const { failed, output } = deployed.deploy(two);
    expect(failed).toBeUndefined();
    expect(output).not.toContain("worker image:");
    expect(deployed.plan(two)).toEqual({});
  });

  test("of a restart replaces that Job, and builds nothing", () => {
    dockerBuilds(17);
    type Job = Environment["workload"]["jobs"][number];
    const [first, second] = two.workload.jobs as [Job, Job];
    const again = devWith({ workload: { ...two.workload, jobs: [{ ...first, restart: 1 }, second] } });
    const [a, b] = deployed.jobs;
    expect(deployed.deploy(again).failed).toBeUndefined();
    expect(deployed.jobs[0]).not.toBe(a);
    expect(deployed.jobs[1]).toBe(b);
  });
});
