import { type Cluster, connect, type V1Job } from "../../worker/src/service/kubernetes.ts";
import { ProblemError } from "../../worker/src/service/problems.ts";

/*
 * Calls a part of the Kubernetes API as `sweep serve` does, and prints what it gets. A process of its own, because the library is an ES
 * module, and Jest's tests are not.
 */
const [server = "", job = "{}"] = process.argv.slice(2);
const callsOf = (cluster: Cluster): Record<string, () => Promise<unknown>> => ({
  create: () => cluster.createJob(JSON.parse(job) as V1Job),
  createAgain: () => cluster.createJob(JSON.parse(job) as V1Job),
  quota: () => cluster.createJob({ metadata: { name: "quota" } }),
  policy: () => cluster.createJob({ metadata: { name: "policy" } }),
  broken: () => cluster.createJob({ metadata: { name: "broken" } }),
  wrong: () => cluster.createJob({ metadata: { name: "wrong" } }),
  read: async () => (await cluster.readJob("there"))?.metadata?.name,
  readNothing: () => cluster.readJob("nothing"),
  delete: () => cluster.deleteJob("there"),
  deleteNothing: () => cluster.deleteJob("nothing"),
  deleteFormer: () => cluster.deleteJob("there", "former"),
  pods: () => cluster.listPods("a=b"),
  events: () => cluster.listPodEvents(),
});

async function main(): Promise<void> {
  const cluster = await connect("sweep", (configuration) =>
    configuration.loadFromClusterAndUser(
      { name: "test", server, skipTLSVerify: true },
      { name: "test", token: "secret" },
    ),
  );
  const outcomes: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(callsOf(cluster))) {
    outcomes[name] = await call().catch((error: unknown) =>
      error instanceof ProblemError ? { status: error.status, detail: error.detail } : String(error),
    );
  }
  process.stdout.write(JSON.stringify(outcomes));
}
void main();
