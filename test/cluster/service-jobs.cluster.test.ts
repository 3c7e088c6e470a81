import { synthesizeServiceJobs } from "../support/service-jobs.ts";
import { renderRelease } from "./support/helm.ts";
import { KubernetesApi, type KubernetesObject } from "./support/kubernetes-api.ts";
import { manifestsOf } from "./support/manifests.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

const noReference = (expression: string) => expression;

describeWithControlPlane("the Jobs of the API", { kwok: false }, (plane) => {
  test("probe", async () => {
    const { stack, sizes } = synthesizeServiceJobs([{ size: "small" }, { size: "large" }]);
    const manifests = manifestsOf(stack, noReference);
    const objects = renderRelease(stack, stack.one("helm_release"), noReference);
    for (const object of [
      ...manifests.filter((o) => o.kind === "Namespace" || o.kind === "ServiceAccount"),
      ...objects,
      ...manifests.filter((o) => /Role/.test(o.kind)),
    ])
      await plane().api.create(object);
    const user = "system:serviceaccount:platform-services:api";
    const { certificate, key } = plane().credentials(user, "system:serviceaccounts");
    const api = new KubernetesApi({
      server: plane().server,
      certificateAuthority: plane().certificateAuthority,
      clientCertificate: certificate,
      clientKey: key,
    });
    await new Promise((r) => setTimeout(r, 3000));
    const template = structuredClone(sizes.get("small")?.template) as KubernetesObject;
    console.log(JSON.stringify(template, undefined, 1));
    template.metadata.name = "collatz-1";
    template.spec.completions = template.spec.parallelism = 3;
    template.spec.template.spec.containers[0].env.push({ name: "RESULTS_URL", value: "s3://bucket/runs/jobs/x" });
    console.log(await api.raw("POST", "/apis/batch/v1/namespaces/sweep/jobs?fieldValidation=Strict", template));
    console.log(
      JSON.stringify(
        await plane().api.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/service-jobs"),
        undefined,
        1,
      ).slice(-3000),
    );
    await new Promise((r) => setTimeout(r, 3000));
    console.log(JSON.stringify((await plane().api.list("/api/v1/namespaces/sweep/events")).map((e: any) => e.message)));
    console.log(
      JSON.stringify((await plane().api.list("/api/v1/namespaces/sweep/resourcequotas")).map((e: any) => e.status)),
    );
    api.close();
  });
});
