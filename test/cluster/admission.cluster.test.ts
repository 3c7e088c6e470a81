import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { synthesizeEnvironment } from "../support/workload.ts";
import { podsOf } from "./support/jobs.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { nodeOf } from "./support/nodes.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const [computation] = dev.workload.jobs;
if (computation === undefined) throw new Error("dev has a job");

/** One job for each kind of pod that the stacks can make. */
const everyKind: Environment = {
  ...dev,
  name: "every",
  workload: {
    namespace: "every",
    jobs: [
      { ...computation, name: "spread", placement: "spread", secretName: "password" },
      { ...computation, name: "packed", placement: "pack", parallelism: 1 },
      { ...computation, name: "alone", placement: "one-per-node" },
      { ...computation, name: "graphics", nodePool: "gpu", workers: 1 },
      { name: "small", size: "small", evaluation: "collatz", totalParameters: 1000, workers: 2 },
      { name: "large", size: "large", evaluation: "collatz", totalParameters: 1000, workers: 2 },
      {
        name: "program",
        nodePool: "executor",
        // With characters that Terraform escapes.
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a program of its own.
        evaluationCommand: "node -e 'console.log(`${process.argv}`)'",
        resultColumns: ["one", "two"],
        totalParameters: 1000,
        workers: 2,
        maxFailedIndexes: 2,
        backoffLimitPerIndex: 0,
      },
    ],
  },
};

const inNamespace = (environment: Environment): Environment => ({
  ...environment,
  workload: { ...environment.workload, namespace: environment.name },
});

describeWithControlPlane("what a deploy creates in the cluster", {}, (plane) => {
  /** A value for each reference to another stack. */
  const resolve = (expression: string) =>
    /repository_url/.test(expression) ? "registry.example.com/worker" : "bucket";

  beforeAll(async () => {
    const { platform } = synthesizeEnvironment(prod);
    // All the machines that the environment may buy.
    for (const [pool, { capacity }] of Object.entries(prod.nodePools)) {
      for (let number = 1; number <= capacity.max; number++) {
        await plane().api.create(nodeOf(platform, pool, `${pool}-${number}`));
      }
    }
  });

  describe.each([inNamespace(dev), inNamespace(prod), everyKind])("in the environment $name", (environment) => {
    const { workload } = synthesizeEnvironment(environment);
    const manifests = manifestsOf(workload, resolve);
    const jobs = manifests.filter(({ kind }) => kind === "Job");

    // The next environment needs the machines.
    afterAll(() => plane().api.delete(manifests.find(({ kind }) => kind === "Namespace") ?? {}));

    test("is accepted by the API server, strictly and without a warning", async () => {
      expect(jobs.length).toBe(environment.workload.jobs.length);
      for (const object of manifests) {
        await plane().api.create(object);
        // What a user makes, before the Job that names it.
        if (object.kind === "Namespace") await plane().api.create(secretIn(object.metadata.name));
      }
    });

    test("has pods that the restricted Pod Security Standard admits, and runs them in its pools only", async () => {
      for (const job of jobs) {
        const { parallelism, template } = job.spec;
        const running = await plane().api.until(job, (now) => now?.status?.ready === parallelism);
        expect(running).toMatchObject({ status: { active: parallelism } });
        const pods = await podsOf(plane().api, job);
        expect(pods.length).toBe(parallelism);
        for (const { spec } of pods) {
          const node = await plane().api.get(`/api/v1/nodes/${spec.nodeName}`);
          expect(node.metadata.labels).toMatchObject(template.spec.nodeSelector);
        }
      }
    });

    test("and no pod of it that breaks the standard", async () => {
      const [job] = jobs;
      const spec = structuredClone(job?.spec.template.spec);
      spec.containers[0].securityContext.allowPrivilegeEscalation = true;
      const metadata = { name: "unrestricted", namespace: environment.workload.namespace };
      await expect(plane().api.create({ apiVersion: "v1", kind: "Pod", metadata, spec })).rejects.toThrow(
        'violates PodSecurity "restricted:v1.35": allowPrivilegeEscalation != false',
      );
    });
  });
});

function secretIn(namespace: string): KubernetesObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "password", namespace }, stringData: { WORD: "x" } };
}
