import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { existingVpc, problemsOf } from "../../support/fixtures.ts";

const job = { name: "a", nodePool: "executor", totalParameters: 100, workers: 1 };

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "a name that is no DNS label",
    { name: "Dev_1" },
    [
      'name is not a DNS label: got "Dev_1", allowed is a lower-case letter, then letters, digits and hyphens, 16 characters at most; use for example "dev-1"',
    ],
  ],
  [
    "a name too long for the roles named after it",
    { name: "a-very-long-environment" },
    [
      'name is not a DNS label: got "a-very-long-environment", allowed is a lower-case letter, then letters, digits and hyphens, 16 characters at most; use for example "a-very-long-envi"',
    ],
  ],
  [
    "an account that is not twelve digits",
    { accountId: "1111-2222-3333" },
    [
      'accountId is not an AWS account: got "1111-2222-3333", allowed is 12 digits; aws sts get-caller-identity prints yours',
    ],
  ],
  [
    "a region that does not exist in that form",
    { region: "us-west" },
    ['region is not a region: got "us-west", allowed is a region of AWS or AWS GovCloud; use for example "us-west-2"'],
  ],
  [
    "a zone of another region",
    { availabilityZones: ["us-west-2a", "eu-west-1a"] },
    [
      'availabilityZones[1] is not a zone of the region: got "eu-west-1a", allowed is zones of us-west-2; use for example "us-west-2a"',
    ],
  ],
  [
    "a zone's number without its letter",
    { availabilityZones: ["us-west-2", "us-west-2b"] },
    [
      'availabilityZones[0] is not a zone of the region: got "us-west-2", allowed is zones of us-west-2; use for example "us-west-2a"',
    ],
  ],
  [
    "a single zone",
    { availabilityZones: ["us-west-2a"] },
    [
      "availabilityZones has too few zones: got 1, allowed is 2 to 6; name a second zone, EKS's control plane demands it",
    ],
  ],
  [
    "the same zone twice",
    { availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2b"] },
    ['availabilityZones repeats a zone: got "us-west-2b", allowed is each zone once; remove one'],
  ],
  [
    "two networks",
    { existingNetwork: existingVpc },
    [
      "network stands beside existingNetwork: got both network and existingNetwork, allowed is exactly one of the two; remove the one you do not mean",
    ],
  ],
  [
    "a job on a pool that does not exist",
    { workload: { namespace: "sweep", jobs: [{ ...job, nodePool: "executors" }] } },
    [
      'workload.jobs[0].nodePool names a pool that does not exist: got "executors", allowed is general, executor, executor-small, executor-large or gpu; name one of these, or add the pool "executors" to nodePools',
    ],
  ],
  [
    "two jobs of one name",
    {
      workload: {
        namespace: "sweep",
        jobs: [
          { ...job, nodePool: "gpu" },
          { ...job, nodePool: "executor" },
        ],
      },
    },
    ['workload.jobs repeats a name: got "a", allowed is each name once; rename one of the two'],
  ],
  [
    "a namespace of Kubernetes itself",
    { workload: { namespace: "kube-system", jobs: [] } },
    [
      'workload.namespace is a namespace of Kubernetes itself: got "kube-system", allowed is any name but default and kube-*; use for example "sweep"',
    ],
  ],
  [
    "a budget of nothing",
    { budget: { limitUsdPerMonth: 0, notifyEmails: ["team@example.com"] } },
    ["budget.limitUsdPerMonth is not an amount: got 0, allowed is more than 0 US dollars; use for example 500"],
  ],
  [
    "a budget that tells nobody",
    { budget: { limitUsdPerMonth: 500, notifyEmails: [] } },
    [
      "budget.notifyEmails tells nobody, or too many: got 0 addresses, allowed is 1 to 10 addresses; use a mailing list",
    ],
  ],
  [
    "a budget that writes to a name",
    { budget: { limitUsdPerMonth: 500, notifyEmails: ["team"] } },
    [
      'budget.notifyEmails[0] is not a mail address: got "team", allowed is name@domain; use for example "team@example.com"',
    ],
  ],
  [
    "results kept for half a day",
    { results: { expirationInDays: 0.5 } },
    [
      "results.expirationInDays is not a number of days: got 0.5, allowed is a whole number from 1; use 1 or more, or remove it to keep results for ever",
    ],
  ],
  [
    "a tag that AWS reserves",
    { tags: { "aws:owner": "us" } },
    [
      'tags["aws:owner"] is not a tag key: got "aws:owner", allowed is 1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:; rename the tag',
    ],
  ],
  [
    "a tag with a value AWS refuses",
    { tags: { owner: "a & b" } },
    [
      'tags.owner has a value AWS refuses: got "a & b", allowed is up to 256 letters, digits, spaces and _ . : / = + - @; shorten it',
    ],
  ],
  [
    "the tag the platform sets",
    { tags: { Environment: "test" } },
    ['tags.Environment is set by the platform: got "test", allowed is the environment\'s name; remove the tag'],
  ],
  [
    "a bucket for the state with capitals",
    { s3State: { bucket: "My-State", region: "us-west-2" } },
    [
      's3State.bucket is not the name of a bucket: got "My-State", allowed is 3 to 63 lower-case letters, digits, dots and hyphens; use for example "my-terraform-state"',
    ],
  ],
  [
    "a field that does not exist",
    { nodepools: {} },
    [
      "nodepools is not a field: got {}, allowed is name, accountId, region, availabilityZones, network, existingNetwork, cluster, nodePools, instanceTypes, registry, results, workload, budget, tags or s3State; remove it or correct its name",
    ],
  ],
  [
    "a field that is missing",
    { accountId: undefined },
    ['accountId is missing: got nothing, allowed is a text; write for example "111122223333"'],
  ],
  [
    "a state bucket without its region",
    { s3State: { bucket: "my-state" } },
    ['s3State.region is missing: got nothing, allowed is a text; write for example "us-west-2"'],
  ],
])("an environment with %s is refused", (_, changes, messages) => {
  expect(problemsOf({ ...dev, ...changes }).map(describeProblem)).toEqual(messages);
});
