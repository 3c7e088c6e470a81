import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sweep, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";
import { apiUser, type Fence, fenceOf, honestJob } from "./support/fence.ts";
import { hostileJobs } from "./support/hostile-jobs.ts";
import { imitateS3 } from "./support/imitated-s3.ts";
import { endOf, podsOf } from "./support/jobs.ts";
import { Kubelet } from "./support/kubelet.ts";
import { KubernetesApi, type KubernetesObject, pathOf } from "./support/kubernetes-api.ts";
import { machineOf } from "./support/nodes.ts";
import { startPodIdentityAgent } from "./support/pod-identity.ts";
import { Submitter } from "./support/submitter.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";
import { buildWorkerImage } from "./support/worker-image.ts";

const namespace = "sweep";
const jobsPath = `/apis/batch/v1/namespaces/${namespace}/jobs`;
const denied = "ValidatingAdmissionPolicy 'service-jobs' with binding 'service-jobs' denied request: ";
/** The words of a refusal, of which CEL puts some in any order. */
function sorted(message: string): string[] {
  return message.split(/[ ,.:]+/).sort();
}

const folder = temporaryDirectory();

describeWithControlPlane("the Jobs of the API", { kwok: false }, (plane) => {
  const started: { stop(): unknown }[] = [];
  let api: KubernetesApi;
  let made: Fence;

  beforeAll(async () => {
    made = fenceOf();
    for (const object of made.objects) await plane().api.create(object);
    const { certificate, key } = plane().credentials(apiUser);
    const { server, certificateAuthority } = plane();
    api = new KubernetesApi({ server, certificateAuthority, clientCertificate: certificate, clientKey: key });
    await untilFenced(honest("fenced"));
  });
  afterAll(async () => {
    api.close();
    await Promise.all(started.map((one) => one.stop()));
  });

  afterEach(async () => {
    for (const job of await plane().api.list(jobsPath)) await plane().api.delete(job);
    const quotas = await plane().api.list(`/api/v1/namespaces/${namespace}/resourcequotas`);
    for (const quota of quotas) {
      await plane().api.until(quota, (now) => Object.values(now?.status?.used ?? {}).every((used) => used === "0"));
    }
  });

  /** The API server learns of a policy some moments after it was created. */
  async function untilFenced(job: KubernetesObject, image = "registry.example.com/miner:1"): Promise<void> {
    job.spec.template.spec.containers[0].image = image;
    await until(async () => (await api.raw("POST", `${jobsPath}?dryRun=All`, job)).status === 403);
  }

  function honest(name: string, size = "small", from = made): KubernetesObject {
    return honestJob(from, name, size);
  }

  /** A Job that no template of the API allows. */
  function jobOfTerraform(): KubernetesObject {
    const job = honest("of-terraform");
    job.metadata.labels["app.kubernetes.io/managed-by"] = "terraform";
    job.spec.template.spec.containers[0].image = "registry.example.com/other:1";
    return job;
  }

  const eventsOf = async ({ metadata }: KubernetesObject) => {
    const selector = `fieldSelector=involvedObject.name%3D${metadata.name}`;
    const events = await plane().api.list(`/api/v1/namespaces/${namespace}/events?${selector}`);
    return events.map(({ message }) => message).join("\n");
  };

  test("may create, read and delete Jobs, see why pods wait, and nothing else", async () => {
    const review = (inNamespace: string) => ({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectRulesReview",
      spec: { namespace: inNamespace },
    });
    // `kubectl auth can-i --list` asks the same.
    const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    const inSweep = (await api.json("POST", path, review(namespace))).status;
    const elsewhere = (await api.json("POST", path, review("platform-services"))).status;
    // Everybody may ask who they are, and what they may.
    expect(elsewhere.resourceRules.flatMap(({ resources }: KubernetesObject) => resources).sort()).toEqual([
      "selfsubjectaccessreviews",
      "selfsubjectreviews",
      "selfsubjectrulesreviews",
    ]);
    const own = [
      { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "delete"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
      { apiGroups: [""], resources: ["events"], verbs: ["list"] },
    ];
    expect(inSweep.resourceRules).toHaveLength(elsewhere.resourceRules.length + own.length);
    expect(inSweep.resourceRules).toEqual(expect.arrayContaining([...elsewhere.resourceRules, ...own]));
    expect(inSweep.incomplete).toBe(false);
  });

  describe("the fence", () => {
    test("lets honest Jobs of each size through, strictly and without a warning, and pods are made", async () => {
      for (const size of ["small", "large"] as const) {
        const job = honest(`honest-${size}`, size);
        // The template already has all that Kubernetes would add, except for what belongs to one Job alone.
        const created = await api.create(job);
        expect(created.spec).toMatchObject(job.spec);
        await plane().api.until(job, (now) => now?.status?.active === 2);
        expect(await podsOf(plane().api, job)).toHaveLength(2);
      }
    });

    test.each(hostileJobs)("refuses $what", async ({ change, refusal }) => {
      const job = honest("hostile");
      const { spec } = job.spec.template;
      change(job, spec, spec.containers[0]);
      const { status, text } = await api.raw("POST", `${jobsPath}?fieldValidation=Strict`, job);
      const { message } = JSON.parse(text);
      if (/^ephemeral/.test(refusal)) expect(message).toContain(refusal);
      else
        expect({ status, words: sorted(message) }).toEqual({
          status: 403,
          words: sorted(`jobs.batch "${job.metadata.name}" is forbidden: ${denied}${refusal}`),
        });
    });

    test("refuses other namespaces, and changes", async () => {
      const elsewhere = honest("elsewhere");
      elsewhere.metadata.namespace = "default";
      await expect(api.create(elsewhere)).rejects.toThrow('cannot create resource "jobs" in API group "batch" in the');
      const job = honest("changed");
      await api.create(job);
      await expect(api.patch(job, { spec: { parallelism: 1 } })).rejects.toThrow("cannot patch");
    });

    test("holds also where the API has more permissions by mistake", async () => {
      const rule = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
      const metadata = { name: "mistake" };
      const apiVersion = "rbac.authorization.k8s.io/v1";
      const role = { apiVersion, kind: "ClusterRole", metadata, rules: [rule] };
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "mistake" };
      const subject = { kind: "ServiceAccount", name: "api", namespace: "platform-services" };
      const binding = { apiVersion, kind: "ClusterRoleBinding", metadata, roleRef, subjects: [subject] };
      const job = honest("mistaken");
      await api.create(job);
      await plane().api.create(jobOfTerraform());
      const elsewhere = honest("elsewhere");
      elsewhere.metadata.namespace = "default";
      for (const object of [role, binding]) await plane().api.create(object);
      await until(async () => (await api.raw("GET", "/api/v1/namespaces/default/secrets")).status === 200);
      const refused: string[] = [];
      for (const act of [
        () => api.create(elsewhere),
        () => api.patch(job, { spec: { parallelism: 1 } }),
        () => api.patch(job, { status: { succeeded: 2 } }, "/status"),
        () => api.json("DELETE", jobsPath, { propagationPolicy: "Background" }),
      ]) {
        refused.push(
          await act().then(
            () => "done",
            (error) => error.message,
          ),
        );
      }
      for (const object of [binding, role]) await plane().api.delete(object);
      expect(refused).toEqual([
        expect.stringContaining(`${denied}The API creates Jobs in the namespace of its templates only.`),
        expect.stringContaining(`${denied}The API creates and deletes Jobs, and changes none.`),
        expect.stringContaining(`${denied}The API creates and deletes Jobs, and changes none.`),
        expect.stringContaining("denied request: The API deletes no Jobs but its own."),
      ]);
    });
  });

  test("a Job of Terraform is its own: the fence lets it be anything, and the API cannot delete it", async () => {
    const job = jobOfTerraform();
    await plane().api.create(job);
    await expect(api.delete(job)).rejects.toThrow("The API deletes no Jobs but its own.");
  });

  test("the workers of a size are counted, and those that are too many wait until others have ended", async () => {
    const jobs = ["first", "second", "third"].map((name) => honest(name));
    const [first, second, third] = jobs as [KubernetesObject, KubernetesObject, KubernetesObject];
    for (const job of [first, second]) {
      await api.create(job);
      await plane().api.until(job, (now) => now?.status?.active === 2);
    }
    await api.create(third);
    await until(async () => /exceeded quota/.test(await eventsOf(third)));
    expect(await eventsOf(third)).toContain("exceeded quota: service-jobs-small, requested: pods=1");
    expect(await podsOf(plane().api, third)).toEqual([]);
    // Pods that nobody counts, such as those of executors, come beside them.
    const large = honest("beside", "large");
    await api.create(large);
    await plane().api.until(large, (now) => now?.status?.active === 2);
    await api.delete(first);
    await plane().api.until(third, (now) => now?.status?.active === 2);
  });

  test("the Jobs are counted, and one too many is refused in words", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "jobs", namespace } };
    expect(await plane().api.get(pathOf(quota))).toMatchObject({ spec: { hard: { "count/jobs.batch": "203" } } });
    await plane().api.patch(quota, { spec: { hard: { "count/jobs.batch": "1" } } });
    await plane().api.until(
      quota,
      (now) => now?.status?.hard["count/jobs.batch"] === "1" && now.status.used["count/jobs.batch"] === "0",
    );
    const jobs = [honest("allowed"), honest("too-many")] as [KubernetesObject, KubernetesObject];
    await api.create(jobs[0]);
    const { status, text } = await api.raw("POST", jobsPath, jobs[1]);
    expect({ status, message: JSON.parse(text).message }).toEqual({
      status: 403,
      message: `jobs.batch "${jobs[1].metadata.name}" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1`,
    });
    await plane().api.patch(quota, { spec: { hard: { "count/jobs.batch": "203" } } });
  });

  test("a submitted evaluation becomes a Job, which the real worker completes", async () => {
    const [s3, agent] = await Promise.all([imitateS3(), startPodIdentityAgent(folder)]);
    const reach = { ...agent.environment, AWS_ENDPOINT_URL_S3: s3.url, AWS_REGION: "us-west-2" };
    started.push(s3, agent);
    const image = await buildWorkerImage(folder, []);
    const node = machineOf(made.platform, "executor-small");
    const { AWS_REGION: _, ...environment } = reach;
    const kubelet = await Kubelet.start(plane(), { node, image, environment });
    started.push(kubelet);
    writeFileSync(join(folder, "mine.mjs"), "export const evaluate = (parameter) => parameter % 7;");
    const bundle = join(folder, "bundle.mjs");
    expect((await sweep(["bundle", join(folder, "mine.mjs"), "--output", bundle])).code).toBe(0);
    const submitter = new Submitter(plane(), made.file, reach);
    const request = {
      evaluation: { name: "mine", bundle: readFileSync(bundle, "utf8"), columns: ["value"] },
      ...{ total: 30_000, batchSize: 1_000, seed: 3, size: "small", mode: "job", executors: 3 },
    };
    const submitted = await submitter.submit(request);
    expect(submitted).toMatchObject({ isNew: true, messages: 0 });
    expect(await submitter.submit(request)).toEqual({ ...submitted, isNew: false });
    const [job] = await plane().api.list(jobsPath);
    const ended = await plane().api.until(job as KubernetesObject, (now) => endOf(now) !== undefined);
    const { completedIndexes } = ended?.status ?? {};
    if (completedIndexes !== "0-2") throw new Error([...kubelet.logs.values()].join("\n"));
    const url = `s3://bucket/runs/${submitted.name.replace(":", "/")}`;
    const { stdout, code } = await sweep(["verify", url], { env: reach });
    expect({ stdout, code }).toEqual({ stdout: expect.stringContaining("parameters, each exactly once"), code: 0 });
    // A complete sweep needs no machine: the same submission creates no other Job.
    expect(await submitter.submit(request)).toEqual({ ...submitted, isNew: false });
    expect((await plane().api.list(jobsPath)).map(({ metadata }) => metadata.uid)).toEqual([job?.metadata.uid]);
    // The pods of other tests wait.
    await kubelet.lose();
  });

  test("Kubernetes finds nothing to say about the types in the policies", async () => {
    const policies = await plane().api.list("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies");
    expect(policies).toHaveLength(2);
    for (const policy of policies) {
      const { status } = (await plane().api.until(policy, (now) => now?.status?.typeChecking !== undefined)) ?? {};
      expect(status).toMatchObject({ observedGeneration: policy.metadata.generation, typeChecking: {} });
      expect(status.typeChecking).toEqual({});
    }
  });

  // Last, since it changes the fence.
  test("another image: Jobs of the old one go on, and new ones have the new one", async () => {
    const old = honest("old");
    await api.create(old);
    await plane().api.until(old, (now) => now?.status?.active === 2);
    const next = fenceOf("registry.example.com/ttg-worker:2");
    // A deploy does this before it changes the API: the release is an update of the fence in place.
    for (const { kind, spec, ...object } of next.objects) {
      if (/^Validating/.test(kind)) await plane().api.patch({ kind, ...object }, { spec });
    }
    await untilFenced(honest("refused"), "registry.example.com/ttg-worker:1");
    const [pod] = await podsOf(plane().api, old);
    await plane().api.delete(pod as KubernetesObject, { gracePeriodSeconds: 0 });
    await plane().api.until(old, (now) => now?.status?.active === 2 && now.status.failed === 1);
    const images = (await podsOf(plane().api, old)).map(({ spec }) => spec.containers[0].image);
    expect(new Set(images)).toEqual(new Set(["registry.example.com/ttg-worker:1"]));
    await api.create(honest("new", "small", next));
  });
});
