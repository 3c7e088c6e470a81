import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith } from "../support/fixtures.ts";
import { copiedImageSources } from "../support/image-sources.ts";
import { findKubernetesMirror, KubernetesWorkspace } from "../support/kubernetes-terraform.ts";
import { canRun } from "../support/required.ts";
import { Synthesized } from "../support/synthesized.ts";
import { readStackFile } from "../support/terraform.ts";

// The same as in failed-image-build.long.test.ts, with the real provider and a real API server. Set TF_PLUGIN_MIRROR to a folder with
// the providers, and KUBECONFIG to the file of a cluster that may be written to. REQUIRE_KUBECONFIG=1 forbids to skip.
const mirror = findKubernetesMirror();
const { KUBECONFIG: kubeconfig } = process.env;
const missing =
  "missing" in mirror ? mirror.missing : kubeconfig === undefined ? "KUBECONFIG names no cluster" : undefined;
const isComplete = canRun("an edited evaluation in a cluster", "REQUIRE_KUBECONFIG", missing);

const sources = copiedImageSources();
jest.mock("../../stacks/repository.ts", () => ({
  get repository() {
    return sources.directory;
  },
}));

const job = (name: string, evaluation: string) => ({
  name,
  evaluation,
  nodePool: "executor",
  totalParameters: 1000,
  workers: 2,
});
const environment: Environment = devWith({
  workload: { namespace: "edited-evaluation", jobs: [job("a", "collatz"), job("b", "prime")] },
});

(isComplete ? test : test.skip)("in a cluster, an edited evaluation replaces its own Job and no other", () => {
  if ("missing" in mirror || kubeconfig === undefined) return;
  const workspace = new KubernetesWorkspace(mirror.path);
  const copy = workspace.copyForCluster(workspace.synthesizeStack(environment, "workload"), kubeconfig);
  const changes = () => {
    const { plan } = workspace.plan(copy);
    const changed = plan.resource_changes.filter(({ change }) => String(change.actions) !== "no-op");
    return changed.map(({ address, change }) => `${address} ${change.actions.join("-")}`).sort();
  };
  workspace.initCopy(copy);
  try {
    workspace.run(copy, "apply", "-auto-approve", "-input=false", "-no-color");
    expect(changes()).toEqual([]);

    sources.write("worker/evaluations/prime.ts", (text) => `${text}\nexport const edited = 1;\n`);
    workspace.copyForCluster(workspace.synthesizeStack(environment, "workload"), kubeconfig);
    const { addresses } = new Synthesized(JSON.parse(readStackFile(copy)));
    const replaced = addresses.filter((address) => /job-b_(job|config)_/.test(address));
    expect(changes()).toEqual(replaced.map((address) => `${address} delete-create`));
    workspace.run(copy, "apply", "-auto-approve", "-input=false", "-no-color");
    expect(changes()).toEqual([]);
  } finally {
    workspace.run(copy, "destroy", "-auto-approve", "-no-color");
    workspace.remove();
  }
});
