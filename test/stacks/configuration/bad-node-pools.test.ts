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
      'nodePools leaves CoreDNS no node to run on: got no pool without taints, allowed is at least one pool without taints and with a minimum of 1 node or more; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    ],
  ],
  [
    "a pool's name with an underscore",
    { nodePools: { general, big_ones: general }, workload: idle },
    [
      'nodePools.big_ones is not a DNS label: got "big_ones", allowed is a lower-case letter, then letters, digits and hyphens, 30 characters at most; use for example "big-ones"',
    ],
  ],
  [
    "a minimum above the maximum",
    poolWith({ capacity: dynamic(10, 2) }),
    [
      "nodePools.test.capacity has a minimum above its maximum: got dynamic(10, 2), allowed is min <= max; write dynamic(2, 10)",
    ],
  ],
  [
    "a capacity written as a number",
    poolWith({ capacity: 5 }),
    [
      "nodePools.test.capacity is of the wrong type: got 5, allowed is fixed(nodes), dynamic(min, max) or fromZero(max); write for example fromZero(50)",
    ],
  ],
  [
    "an instance type nobody gave figures for",
    poolWith({ instanceTypes: ["m7i.large"] }),
    [
      'nodePools.test.instanceTypes[0] is a type whose figures are not known here: got "m7i.large", allowed is t3.medium, t3.large, t3a.large, t3.xlarge, m5.large, m5a.large, m6i.large, m5.xlarge, m5.2xlarge, c5.large, c5.xlarge, c5a.xlarge, c5.2xlarge, c5a.2xlarge, c5d.2xlarge, c6a.2xlarge, c6i.2xlarge, c7i.2xlarge, c5.4xlarge, c5a.4xlarge, c5d.4xlarge, c6a.4xlarge, c6i.4xlarge, c7i.4xlarge, g4dn.xlarge, g4dn.2xlarge, g5.xlarge, g5.2xlarge, g6.xlarge or g6.2xlarge; add its figures as instanceTypes["m7i.large"] (aws ec2 describe-instance-types --instance-types m7i.large)',
    ],
  ],
  [
    "instance types of unequal size",
    poolWith({ instanceTypes: ["c5.2xlarge", "c5.xlarge"] }),
    [
      "nodePools.test.instanceTypes mixes sizes: got c5.2xlarge (8 vCPU, 16 GiB), c5.xlarge (4 vCPU, 8 GiB), allowed is types of equal vCPUs, memory and GPUs, since the autoscaler simulates the first only; keep those with 8 vCPU, 16 GiB, or make a pool of each size",
    ],
  ],
  [
    "the same instance type twice",
    poolWith({ instanceTypes: ["c5.2xlarge", "c5.2xlarge"] }),
    [
      'nodePools.test.instanceTypes repeats a type: got ["c5.2xlarge","c5.2xlarge"], allowed is each type once; remove the second c5.2xlarge',
    ],
  ],
  [
    "a GPU pool of machines without GPU",
    poolWith({ gpu: true }),
    [
      'nodePools.test.instanceTypes has a type without GPU in a GPU pool: got ["c5.2xlarge"], allowed is types with a GPU: g4dn.xlarge, g4dn.2xlarge, g5.xlarge, g5.2xlarge, g6.xlarge or g6.2xlarge; replace it or remove gpu',
    ],
  ],
  [
    "a GPU that no pod could ask for",
    poolWith({ instanceTypes: ["g5.xlarge"] }),
    [
      'nodePools.test.instanceTypes has a GPU that no pod could ask for: got ["g5.xlarge"], allowed is types without GPU in a pool without gpu: true; add gpu: true, or choose a type without GPU',
    ],
  ],
  [
    "a label's key that Kubernetes refuses",
    poolWith({ labels: { "-size": "large" } }),
    [
      'nodePools.test.labels.-size is not a key of Kubernetes: got "-size", allowed is [prefix/]name, the prefix a DNS subdomain, the name 63 letters, digits, -, _ and . at most; use these characters, a letter or digit first and last',
    ],
  ],
  [
    "a label's value that Kubernetes refuses",
    poolWith({ labels: { size: "very large" } }),
    [
      'nodePools.test.labels.size is not a value of Kubernetes: got "very large", allowed is empty, or 63 letters, digits, -, _ and . at most; use these characters, a letter or digit first and last',
    ],
  ],
  [
    "a label that only Kubernetes may set",
    poolWith({ labels: { "kubernetes.io/arch": "amd64" } }),
    [
      'nodePools.test.labels["kubernetes.io/arch"] has a reserved prefix: got "kubernetes.io/arch", allowed is any prefix but kubernetes.io, k8s.io and eks.amazonaws.com; remove the prefix or use a domain of your own',
    ],
  ],
  [
    "a label the autoscaler could not be told",
    poolWith({ labels: { [`${"a".repeat(40)}.example.com/${"b".repeat(50)}`]: "x" } }),
    [
      'nodePools.test.labels["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] is too long for the tag that tells the autoscaler about it: got 103 characters, allowed is 82 characters at most; shorten the key',
    ],
  ],
  [
    "a taint's key that Kubernetes refuses",
    poolWith({ taints: [{ key: "work load", effect: "NoSchedule" }] }),
    [
      'nodePools.test.taints[0].key is not a key of Kubernetes: got "work load", allowed is [prefix/]name, the prefix a DNS subdomain, the name 63 letters, digits, -, _ and . at most; use these characters, a letter or digit first and last',
    ],
  ],
  [
    "a taint's value that Kubernetes refuses",
    poolWith({ taints: [{ key: "workload", value: "a b", effect: "NoSchedule" }] }),
    [
      'nodePools.test.taints[0].value is not a value of Kubernetes: got "a b", allowed is empty, or 63 letters, digits, -, _ and . at most; use these characters, a letter or digit first and last',
    ],
  ],
  [
    "a taint's effect in EKS's spelling",
    poolWith({ taints: [{ key: "workload", effect: "NO_SCHEDULE" }] }),
    [
      'nodePools.test.taints[0].effect is not one of the words known here: got "NO_SCHEDULE", allowed is "NoSchedule", "PreferNoSchedule" or "NoExecute"; use one of these',
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
      'nodePools.test.taints[1] repeats a taint: got "a:NoSchedule", allowed is each key once for each effect; remove one of the two',
    ],
  ],
  [
    "a disk too small for the image",
    poolWith({ volumeSizeGiB: 10 }),
    [
      "nodePools.test.volumeSizeGiB is not a size for a root volume: got 10, allowed is a whole number of GiB from 20 to 16384; use 20 or more",
    ],
  ],
  [
    "a pool in a zone the environment lacks",
    poolWith({ availabilityZones: ["us-west-2d"] }),
    [
      'nodePools.test.availabilityZones[0] is a zone the environment does not have: got "us-west-2d", allowed is us-west-2a, us-west-2b or us-west-2c; name one of these, or add the zone to availabilityZones',
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
      'instanceTypes["x1.huge"].vCpus is not a count: got 0, allowed is a whole number from 1; aws ec2 describe-instance-types prints it',
      'instanceTypes["x1.huge"].memoryGiB is not a size: got 0, allowed is more than 0 GiB; aws ec2 describe-instance-types prints it in MiB',
      'instanceTypes["x1.huge"].accelerator is missing beside GPUs: got nothing, allowed is the value of the label k8s.amazonaws.com/accelerator; add for example accelerator: "nvidia-tesla-t4"',
    ],
  ],
  [
    "only tainted pools",
    { nodePools: { executor: { ...dev.nodePools.executor } } },
    [
      'nodePools leaves CoreDNS no node to run on: got no pool without taints, allowed is at least one pool without taints and with a minimum of 1 node or more; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    ],
  ],
  [
    "an untainted pool that may have no node",
    { nodePools: { general: { ...general, capacity: fromZero(3) } }, workload: idle },
    [
      'nodePools leaves CoreDNS no node to run on: got general with a minimum of 0, allowed is at least one pool without taints and with a minimum of 1 node or more; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    ],
  ],
  [
    "a text where a number belongs",
    poolWith({ volumeSizeGiB: "50" }),
    ['nodePools.test.volumeSizeGiB is of the wrong type: got "50", allowed is a number; write for example 50'],
  ],
  [
    "a text where a list belongs",
    poolWith({ instanceTypes: "c5.2xlarge" }),
    ['nodePools.test.instanceTypes is of the wrong type: got "c5.2xlarge", allowed is a list; make it a list'],
  ],
  [
    "a purchase option that does not exist",
    poolWith({ capacityType: "spot" }),
    [
      'nodePools.test.capacityType is not one of the words known here: got "spot", allowed is "ON_DEMAND" or "SPOT"; use one of these',
    ],
  ],
])("a node pool with %s is refused", (_, changes, messages) => {
  expect(problemsOf({ ...dev, ...changes }).map(describeProblem)).toEqual(messages);
});
