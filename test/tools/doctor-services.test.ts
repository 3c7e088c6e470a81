import { prod } from "../../environments.ts";
import { finding, findings, mine, own, programs, useHealthyAccount } from "../support/doctor.ts";

useHealthyAccount();

const environment = mine(prod, { services: {} });
const context = `arn:aws:eks:us-west-2:${own}:cluster/prod-platform`;
/** kubectl, which knows one cluster with Deployments of these ready replicas. */
const ready = (replicas: Readonly<Record<string, number>>) => {
  const items = Object.entries(replicas).map(([name, readyReplicas]) => ({
    metadata: { name },
    status: { replicas: 2, ...(readyReplicas > 0 && { readyReplicas }) },
  }));
  programs.install(
    "kubectl",
    `test "$*" = "--context ${context} --namespace platform-services get deployments --output json --request-timeout 5s" || exit 3
     echo '${JSON.stringify({ items })}'`,
  );
};

test("nothing is asked about services in an environment without them", async () => {
  expect((await findings(mine(prod))).filter(({ name }) => name === "page and API")).toEqual([]);
});

test("pods of the page and of the API that are ready are well", async () => {
  ready({ api: 2, frontend: 1 });
  expect(await finding("page and API", environment)).toEqual({
    name: "page and API",
    status: "ok",
    found: "frontend 1 of 2, api 2 of 2 ready",
  });
});

test("an API without a ready pod is a warning, with the command that shows why", async () => {
  ready({ api: 0, frontend: 2 });
  expect(await finding("page and API", environment)).toMatchObject({
    status: "warning",
    found: "frontend 2 of 2, api 0 of 2 ready",
    needed: "a ready pod of each",
    fix: "kubectl --namespace platform-services logs deployment/api --tail 20 (docs/services.md)",
  });
});

test("services that were not deployed are a warning, with the deploy", async () => {
  ready({});
  expect(await finding("page and API", environment)).toMatchObject({
    status: "warning",
    found: "there is no Deployment frontend",
    fix: "npm run deploy -- prod --stack workload",
  });
});

test("a cluster that nobody reaches is not checked", async () => {
  programs.install("kubectl", "echo 'error: context does not exist' >&2; exit 1");
  expect(await finding("page and API", environment)).toMatchObject({ status: "not checked" });
});

test("services need the image without a job, too", async () => {
  programs.remove("docker");
  const workload = { ...prod.workload, jobs: [] };
  expect(await finding("Docker", mine(prod, { workload }))).toMatchObject({ status: "not checked" });
  expect(await finding("Docker", mine(prod, { workload, services: {} }))).toMatchObject({ status: "problem" });
});
