import { dev, environments } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith } from "../support/fixtures.ts";
import { devWithJob, synthesizeEnvironment } from "../support/workload.ts";

const withJobs = (...jobs: Partial<Environment["workload"]["jobs"][number]>[]) =>
  devWith({
    workload: {
      namespace: "sweep",
      jobs: jobs.map((job) => ({ name: "a", nodePool: "executor", totalParameters: 1000, workers: 2, ...job })),
    },
  });

describe.each(environments.map((environment) => [environment.name, environment] as const))(
  "the image stack of %s",
  (name, environment) => {
    const { image, workload, platform } = synthesizeEnvironment(environment);

    test("has the publication and nothing else, for no provider and no cluster", () => {
      expect(image.addresses).toEqual(["terraform_data.image_publication_479A4A6F"]);
      expect(image.json.provider).toBeUndefined();
      expect(image.json.terraform?.required_version).toBe(">= 1.10.0");
      const s3 = { bucket: "example-terraform-state", key: `${name}/${name}-image.tfstate`, use_lockfile: true };
      const local = { path: `../../../terraform.${name}-image.tfstate` };
      expect(image.json.terraform?.backend).toMatchObject(environment.s3State === undefined ? { local } : { s3 });
    });

    test("publishes to the platform's registry what the workload's Job runs, which is in another stack", () => {
      const [container] = workload.one("kubernetes_job_v1").spec.template.spec.container;
      expect(image.one("terraform_data").triggers_replace).toEqual({ references: [container.image] });
      expect(container.image).toMatch(/aws_ecr_repository[\w-]*repository_url\}:[0-9a-f]{16}$/);
      const [, output = ""] = /outputs\.([\w-]+)\}/.exec(container.image) ?? [];
      expect(Object.keys(platform.json.output ?? {})).toContain(output);
      const [guard] = workload.all("terraform_data");
      expect(JSON.stringify(guard ?? {})).not.toContain("publish-image");
    });

    test("names no path of this machine", () => {
      expect(JSON.stringify(image.json)).not.toContain(process.cwd());
    });
  },
);

describe("the image stack", () => {
  test("publishes one image with a tag for each evaluation", () => {
    const { image, workload } = synthesizeEnvironment(
      withJobs({ name: "a" }, { name: "b", evaluation: "prime" }, { name: "c", workers: 5 }),
    );
    const [a, b, c] = workload.all("kubernetes_job_v1").map(({ spec }) => spec.template.spec.container[0].image);
    expect(c).toBe(a);
    expect(image.one("terraform_data").triggers_replace.references).toEqual([a, b].sort());
  });

  test.each<[string, Environment]>([
    ["without jobs and executors", withJobs()],
    ["with an image that was built elsewhere", devWith({ workload: { ...dev.workload, image: "ghcr.io/a/b:1.4.0" } })],
  ])("is empty %s, and needs no Docker", (_, environment) => {
    expect(synthesizeEnvironment(environment).image.addresses).toEqual([]);
  });

  test("runs an image that was built elsewhere by its name", () => {
    const { workload } = synthesizeEnvironment(devWith({ workload: { ...dev.workload, image: "ghcr.io/a/b:1.4.0" } }));
    expect(workload.one("kubernetes_job_v1").spec.template.spec.container[0].image).toBe("ghcr.io/a/b:1.4.0");
  });

  test("builds the image on the base image that is given", () => {
    const baseImage = "docker.io/library/python:3.13-slim-bookworm";
    const { image } = synthesizeEnvironment(devWith({ workload: { ...dev.workload, baseImage } }));
    const [provisioner] = image.one("terraform_data").provisioner;
    expect(provisioner["local-exec"].environment.IMAGE_BUILD_ARGUMENTS).toContain(baseImage);
  });

  test("has the same tag for a job that only starts again", () => {
    const references = (changes: object) =>
      synthesizeEnvironment(devWithJob(changes)).image.one("terraform_data").triggers_replace;
    expect(references({ restart: 1, workers: 7 })).toEqual(references({}));
  });
});
