import { dynamic, fromZero } from "../../../constructs/pools/capacity.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { problemsOf } from "../../support/fixtures.ts";

const general = dev.nodePools.general;
const idle = { namespace: "sweep", jobs: [] };
const poolWith = (changes: object) => ({
  nodePools: { general, test: { instanceTypes: ["c5.2xlarge"], capacity: fromZero(5), ...changes } },
  workload: idle,
});

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "no pool",
    { nodePools: {}, workload: idle },
    [
      'nodePools must be an object with at least one pool that has no taints and a minimum of 1 node or more, got no pool without taints: CoreDNS runs there; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    ],
  ],
  [
    "a pool's name with an underscore",
    { nodePools: { general, big_ones: general }, workload: idle },
    [
      'nodePools.big_ones must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 30 characters, got "big_ones": use for example "big-ones"',
    ],
  ],
  [
    "a minimum above the maximum",
    poolWith({ capacity: dynamic(10, 2) }),
    [
      "nodePools.test.capacity must be a range from a smaller to a larger number, got dynamic(10, 2): write dynamic(2, 10)",
    ],
  ],
  [
    "a capacity written as a number",
    poolWith({ capacity: 5 }),
    [
      "nodePools.test.capacity must be fixed(nodes), dynamic(min, max) or fromZero(max), got 5: use for example fromZero(50)",
    ],
  ],
  [
    "an instance type nobody gave figures for",
    poolWith({ instanceTypes: ["m5.huge"] }),
    [
      'nodePools.test.instanceTypes[0] must be an EC2 instance type with known figures, got "m5.huge": use one of m5.2xlarge, m5.4xlarge, m5.8xlarge, m5.12xlarge, m5.16xlarge, m5.24xlarge, m5.large, m5.xlarge, or add the figures of the type as instanceTypes["m5.huge"] (aws ec2 describe-instance-types --instance-types m5.huge)',
    ],
  ],
  [
    "instance types of unequal size",
    poolWith({ instanceTypes: ["c5.2xlarge", "c5.xlarge"] }),
    [
      "nodePools.test.instanceTypes must be types with the same vCPUs, memory and GPUs, got c5.2xlarge (8 vCPU, 16 GiB), c5.xlarge (4 vCPU, 8 GiB): the autoscaler simulates the first type only, so keep those with 8 vCPU, 16 GiB, or make a pool for each size",
    ],
  ],
  [
    "instance types of two architectures",
    poolWith({ instanceTypes: ["c7g.2xlarge", "c7i.2xlarge"] }),
    [
      "nodePools.test.instanceTypes must be types of one architecture, got c7g.2xlarge (arm64), c7i.2xlarge (x86_64): all nodes of a group boot the same image, so make a pool for each architecture",
    ],
  ],
  [
    "the same instance type twice",
    poolWith({ instanceTypes: ["c5.2xlarge", "c5.2xlarge"] }),
    [
      'nodePools.test.instanceTypes must be a list without duplicates, got ["c5.2xlarge","c5.2xlarge"]: remove the second c5.2xlarge',
    ],
  ],
  [
    "a GPU pool of machines without GPU",
    poolWith({ gpu: true }),
    [
      'nodePools.test.instanceTypes must be types with a GPU in a pool with gpu: true, got ["c5.2xlarge"]: use for example g4dn.xlarge, g5.xlarge or g6.xlarge, or remove gpu',
    ],
  ],
  [
    "a GPU that no pod could ask for",
    poolWith({ instanceTypes: ["g5.xlarge"] }),
    [
      'nodePools.test.instanceTypes must be types without GPU in a pool without gpu: true, got ["g5.xlarge"]: no pod could request the GPU, so add gpu: true or choose a type without GPU',
    ],
  ],
  [
    "a label's key that Kubernetes refuses",
    poolWith({ labels: { "-size": "large" } }),
    [
      'nodePools.test.labels.-size must be a key of the form [prefix/]name, with a DNS subdomain as prefix and up to 63 letters, digits, -, _ and . as name, got "-size": use only these characters, with a letter or digit at the beginning and at the end',
    ],
  ],
  [
    "a label's value that Kubernetes refuses",
    poolWith({ labels: { size: "very large" } }),
    [
      'nodePools.test.labels.size must be empty, or up to 63 letters, digits, -, _ and ., got "very large": use only these characters, with a letter or digit at the beginning and at the end',
    ],
  ],
  [
    "a label that only Kubernetes may set",
    poolWith({ labels: { "kubernetes.io/arch": "amd64" } }),
    [
      'nodePools.test.labels["kubernetes.io/arch"] must be a key without the reserved prefixes kubernetes.io, k8s.io and eks.amazonaws.com, got "kubernetes.io/arch": remove the prefix, or use a domain of your own',
    ],
  ],
  [
    "a label the autoscaler could not be told",
    poolWith({ labels: { [`${"a".repeat(40)}.example.com/${"b".repeat(50)}`]: "x" } }),
    [
      'nodePools.test.labels["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] must be a key of at most 63 characters, got 103 characters: EKS takes no longer one, so shorten the key or its prefix',
    ],
  ],
  [
    "a taint's key that Kubernetes refuses",
    poolWith({ taints: [{ key: "work load", effect: "NoSchedule" }] }),
    [
      'nodePools.test.taints[0].key must be a key of the form [prefix/]name, with a DNS subdomain as prefix and up to 63 letters, digits, -, _ and . as name, got "work load": use only these characters, with a letter or digit at the beginning and at the end',
    ],
  ],
  [
    "a taint's value that Kubernetes refuses",
    poolWith({ taints: [{ key: "workload", value: "a b", effect: "NoSchedule" }] }),
    [
      'nodePools.test.taints[0].value must be empty, or up to 63 letters, digits, -, _ and ., got "a b": use only these characters, with a letter or digit at the beginning and at the end',
    ],
  ],
  [
    "a taint's effect in EKS's spelling",
    poolWith({ taints: [{ key: "workload", effect: "NO_SCHEDULE" }] }),
    [
      'nodePools.test.taints[0].effect must be "NoSchedule", "PreferNoSchedule" or "NoExecute", got "NO_SCHEDULE": use for example "NoSchedule"',
    ],
  ],
  [
    "the same taint twice",
    poolWith({
      taints: [
        { key: "a", value: "1", effect: "NoSchedule" },
        { key: "a", value: "2", effect: "NoSchedule" },
      ],
    }),
    [
      'nodePools.test.taints[1] must be unique by key and effect, got a second "a:NoSchedule": remove this taint, or change its key or its effect',
    ],
  ],
  [
    "a disk too small for the image",
    poolWith({ volumeSizeGiB: 10 }),
    ["nodePools.test.volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 10: use 20 or more"],
  ],
  [
    "a pool in a zone the environment lacks",
    poolWith({ availabilityZones: ["us-west-2d"] }),
    [
      'nodePools.test.availabilityZones[0] must be us-west-2a, us-west-2b or us-west-2c, got "us-west-2d": name one of these, or add the zone to the environment\'s availabilityZones',
    ],
  ],
  [
    "figures of an instance type that cannot be",
    {
      instanceTypes: {
        "x1.huge": { vCpus: 0, memoryGiB: 0, networkInterfaces: 4, addressesPerInterface: 15, gpus: 1 },
      },
    },
    [
      'instanceTypes["x1.huge"].vCpus must be a whole number from 1, got 0: copy it from aws ec2 describe-instance-types',
      'instanceTypes["x1.huge"].memoryGiB must be more than 0 GiB, got 0: convert the MiB of aws ec2 describe-instance-types',
      'instanceTypes["x1.huge"].accelerator must be the value of the label k8s.amazonaws.com/accelerator, got nothing: types with GPUs need it, so add for example accelerator: "nvidia-tesla-t4"',
    ],
  ],
  [
    "only tainted pools",
    { nodePools: { executor: { ...dev.nodePools.executor } } },
    [
      'nodePools must be an object with at least one pool that has no taints and a minimum of 1 node or more, got no pool without taints: CoreDNS runs there; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    ],
  ],
  [
    "an untainted pool that may have no node",
    { nodePools: { general: { ...general, capacity: fromZero(3) } }, workload: idle },
    [
      'nodePools must be an object with at least one pool that has no taints and a minimum of 1 node or more, got general with a minimum of 0: CoreDNS runs there; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    ],
  ],
  [
    "a text where a number belongs",
    poolWith({ volumeSizeGiB: "50" }),
    ['nodePools.test.volumeSizeGiB must be a whole number of GiB from 20 to 16384, got "50": use for example 50'],
  ],
  [
    "a text where a list belongs",
    poolWith({ instanceTypes: "c5.2xlarge" }),
    [
      'nodePools.test.instanceTypes must be a list of EC2 instance types, got "c5.2xlarge": use for example ["c5.2xlarge"]',
    ],
  ],
  [
    "a purchase option that does not exist",
    poolWith({ capacityType: "spot" }),
    ['nodePools.test.capacityType must be "ON_DEMAND" or "SPOT", got "spot": use for example "SPOT"'],
  ],
])("a node pool with %s is refused", (_, changes, messages) => {
  expect(problemsOf({ ...dev, ...changes }).map(describeProblem)).toEqual(messages);
});
