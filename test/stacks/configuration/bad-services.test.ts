import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { problemsOf, resolved } from "../../support/fixtures.ts";

const messagesOf = (services: unknown, changes: object = {}) =>
  problemsOf({ ...dev, ...changes, services }).map(describeProblem);

test.each<[string, unknown]>([
  ["nothing but their existence", {}],
  ["a replica alone", { minReplicas: 1, maxReplicas: 1 }],
  ["jobs of two sizes", { jobs: [{ size: "large" }, { size: "small", maxWorkers: 3 }] }],
])("services with %s can be deployed", (_, services) => {
  expect(messagesOf(services)).toEqual([]);
});

test.each<[string, unknown, readonly string[]]>([
  [
    "fewer replicas at most than always",
    { minReplicas: 3, maxReplicas: 2 },
    ["services.maxReplicas must be 3 or more, got 2: so many replicas always run; raise it, or lower minReplicas"],
  ],
  [
    "more replicas always than the default at most",
    { minReplicas: 6 },
    [
      "services.maxReplicas must be 6 or more, got 5, the default: so many replicas always run; raise it, or lower minReplicas",
    ],
  ],
  [
    "no replica and no submission",
    { minReplicas: 0, submissionsPerMinute: 0 },
    [
      "services.minReplicas must be a whole number from 1 to 50, got 0: use for example 2",
      "services.submissionsPerMinute must be a whole number from 1 to 1,000, got 0: use for example 10",
    ],
  ],
  [
    "another type beside replicas that contradict nothing",
    { minReplicas: "3", maxReplicas: 2 },
    ['services.minReplicas must be a whole number from 1 to 50, got "3": use for example 2'],
  ],
  [
    "jobs of the same size twice",
    { jobs: [{ size: "large" }, { size: "large" }] },
    [
      'services.jobs[1].size must be different from the sizes of the jobs before it, because a submission names a size, got "large": remove one of the two',
    ],
  ],
  [
    "an entry from outside without certificate and login",
    { ingress: { host: "sweeps.example.com", allowedCidrs: ["203.0.113.0/24"] } },
    [
      "services.ingress.certificateArn must be the ARN of a certificate of ACM, got nothing: without a certificate, logins would cross the network readable; request one from ACM for the host, or leave out ingress",
      "services.ingress.oidc must be an object with issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, clientId or secretName, got nothing: without a login, everybody who reaches the load balancer could submit sweeps; name your identity provider, or leave out ingress",
    ],
  ],
])("services with %s: the author is told everything at once", (_, services, messages) => {
  expect(messagesOf(services)).toEqual(messages);
});

test("jobs of a size that no pool has", () => {
  const { "executor-large": _, ...nodePools } = dev.nodePools;
  expect(messagesOf({ jobs: [{ size: "large" }] }, { nodePools })).toEqual([
    'services.jobs[0].size must be "small" or "gpu", got "large": label a pool with "executor-size": "large"',
  ]);
});

test("a job may not have the name of the folder of jobs of the API, where there are any", () => {
  const [job] = dev.workload.jobs;
  const workload = { ...dev.workload, jobs: [{ ...job, name: "jobs" }] };
  expect(messagesOf({}, { workload })).toEqual([]);
  expect(messagesOf({ jobs: [{ size: "large" }] }, { workload })).toEqual([
    'workload.jobs[0].name must be a name other than "jobs", which is the folder of the results of jobs of the API, got "jobs": rename the job',
  ]);
});

test("the pods that compute are not in the namespace of the services, whose Secrets they could mount", () => {
  const workload = { ...dev.workload, namespace: "platform-services" };
  expect(messagesOf(undefined, { workload })).toEqual([]);
  expect(messagesOf({}, { workload })).toEqual([
    'workload.namespace must be a namespace other than "platform-services", which is that of the services, got "platform-services": use for example "sweep"',
  ]);
});

test("services have defaults, and an environment has none without them", () => {
  expect(resolved(dev).services).toBeUndefined();
  expect(resolved({ ...dev, services: { maxReplicas: 3 } }).services).toEqual({
    options: { minReplicas: 2, maxReplicas: 3, allowCommands: false, submissionsPerMinute: 10, jobs: [] },
    jobs: [],
  });
});
