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
      'name must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 16 characters, got "Dev_1": use for example "dev-1"',
    ],
  ],
  [
    "a name too long for the roles named after it",
    { name: "a-very-long-environment" },
    [
      'name must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 16 characters, got "a-very-long-environment": use for example "a-very-long-envi"',
    ],
  ],
  [
    "an account that is not twelve digits",
    { accountId: "1111-2222-3333" },
    [
      'accountId must be an AWS account of 12 digits, got "1111-2222-3333": copy yours from aws sts get-caller-identity',
    ],
  ],
  [
    "a region that does not exist in that form",
    { region: "us-west" },
    ['region must be a region of AWS or AWS GovCloud, got "us-west": use for example "us-west-2"'],
  ],
  [
    "a zone of another region",
    { availabilityZones: ["us-west-2a", "eu-west-1a"] },
    ['availabilityZones[1] must be a zone of us-west-2, got "eu-west-1a": use for example "us-west-2a"'],
  ],
  [
    "a zone's number without its letter",
    { availabilityZones: ["us-west-2", "us-west-2b"] },
    ['availabilityZones[0] must be a zone of us-west-2, got "us-west-2": use for example "us-west-2a"'],
  ],
  [
    "a single zone",
    { availabilityZones: ["us-west-2a"] },
    ["availabilityZones must be a list of 2 to 6 zones, got 1 zone: EKS's control plane needs two zones, so add one"],
  ],
  [
    "the same zone twice",
    { availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2b"] },
    ['availabilityZones[2] must be different from the zones before it, got "us-west-2b": remove one of the two'],
  ],
  [
    "two networks",
    { existingNetwork: existingVpc },
    ["network must be left out when there is an existingNetwork, got both: remove the one that you do not mean"],
  ],
  [
    "a job on a pool that does not exist",
    { workload: { namespace: "sweep", jobs: [{ ...job, nodePool: "executors" }] } },
    [
      'workload.jobs[0].nodePool must be general, executor, executor-small, executor-large or gpu, got "executors": name one of these, or add the pool "executors" to nodePools',
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
    ['workload.jobs[1].name must be different from the names of the jobs before it, got "a": rename one of the two'],
  ],
  [
    "a namespace of Kubernetes itself",
    { workload: { namespace: "kube-system", jobs: [] } },
    [
      'workload.namespace must be a namespace of its own, not default or kube-*, got "kube-system": use for example "sweep"',
    ],
  ],
  [
    "a budget of nothing",
    { budget: { limitUsdPerMonth: 0, notifyEmails: ["team@example.com"] } },
    [
      "budget.limitUsdPerMonth must be more than 0 US dollars, in whole cents, and at most 1,000,000,000, got 0: use for example 500",
    ],
  ],
  [
    "a budget that tells nobody",
    { budget: { limitUsdPerMonth: 500, notifyEmails: [] } },
    ['budget.notifyEmails must be a list of 1 to 10 addresses, got 0 addresses: add for example "team@example.com"'],
  ],
  [
    "a budget that writes to a name",
    { budget: { limitUsdPerMonth: 500, notifyEmails: ["team"] } },
    ['budget.notifyEmails[0] must be a mail address (name@domain), got "team": use for example "team@example.com"'],
  ],
  [
    "results kept for half a day",
    { results: { expirationInDays: 0.5 } },
    [
      "results.expirationInDays must be a whole number of days from 1 to 2,147,483,647, got 0.5: use 1 or more, or remove it to keep results for ever",
    ],
  ],
  [
    "a tag that AWS reserves",
    { tags: { "aws:owner": "us" } },
    [
      'tags["aws:owner"] must be a key without the prefix aws:, of 1 to 128 letters, digits, spaces and _ . : / = + - @, got "aws:owner": rename the tag',
    ],
  ],
  [
    "a tag with a value AWS refuses",
    { tags: { owner: "a & b" } },
    ['tags.owner must be up to 256 letters, digits, spaces and _ . : / = + - @, got "a & b": shorten or change it'],
  ],
  [
    "the tag the platform sets",
    { tags: { Environment: "test" } },
    ['tags.Environment must be left out, because the platform sets it, got "test": remove the tag'],
  ],
  [
    "a bucket for the state with capitals",
    { s3State: { bucket: "My-State", region: "us-west-2" } },
    [
      's3State.bucket must be 3 to 63 lower-case letters, digits, dots and hyphens, got "My-State": use for example "my-terraform-state"',
    ],
  ],
  [
    "a field that does not exist",
    { nodepools: {} },
    [
      "nodepools must be left out, got {}: remove it, or rename it to name, accountId, region, availabilityZones, network, existingNetwork, cluster, nodePools, instanceTypes, registry, results, workload, services, budget, tags or s3State",
    ],
  ],
  [
    "a field that is missing",
    { accountId: undefined },
    ['accountId must be an AWS account of 12 digits, got nothing: use for example "111122223333"'],
  ],
  [
    "a state bucket without its region",
    { s3State: { bucket: "my-state" } },
    ['s3State.region must be a region of AWS, got nothing: use for example "us-west-2"'],
  ],
])("an environment with %s is refused", (_, changes, messages) => {
  expect(problemsOf({ ...dev, ...changes }).map(describeProblem)).toEqual(messages);
});
